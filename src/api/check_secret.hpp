// What a request must know: a room's secret or pin, the server's admin key.
//
// Any thread.
#pragma once
#include <optional>

#include "api/plugin_error.hpp"
#include "base/constant_time.hpp"

namespace limen {

// Has `body` the text `wanted` as its property `name`? Nothing is asked for where there is none; an empty one must be
// given like any other.
template <typename Code>
std::expected<void, PluginError<Code>> check_secret(const JsonObject& body, std::string_view name,
                                                    const std::optional<std::string>& wanted) {
  if (!wanted) return {};
  const Json* given = body.if_contains(name);
  if (given == nullptr) return refuse(Code::missing_element, "Missing mandatory element ({})", name);
  if (!given->is_string()) return refuse(Code::invalid_element, "Invalid element type ({} should be a string)", name);
  if (constant_time_equal(std::string_view(given->get_string()), *wanted)) return {};
  return refuse(Code::unauthorized, "Unauthorized (wrong {})", name);
}

// `key`: as configured, "" none.
template <typename Code>
std::expected<void, PluginError<Code>> check_admin_key(const JsonObject& body, const std::string& key) {
  if (key.empty()) return {};
  return check_secret<Code>(body, "admin_key", key);
}

}  // namespace limen
