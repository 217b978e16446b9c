// What a request must know: a room's secret or pin, the server's admin key.
//
// Any thread.
#pragma once
#include "api/plugin_error.hpp"
#include "base/constant_time.hpp"

namespace limen {

// Has `body` the text `wanted` as its property `name`? Nothing is asked for where nothing is wanted.
template <typename Code>
std::expected<void, PluginError<Code>> check_secret(const JsonObject& body, std::string_view name,
                                                    std::string_view wanted) {
  if (wanted.empty()) return {};
  const Json* given = body.if_contains(name);
  if (given == nullptr) return refuse(Code::missing_element, "Missing mandatory element ({})", name);
  if (!given->is_string()) return refuse(Code::invalid_element, "Invalid element type ({} should be a string)", name);
  if (constant_time_equal(std::string_view(given->get_string()), wanted)) return {};
  return refuse(Code::unauthorized, "Unauthorized (wrong {})", name);
}

}  // namespace limen
