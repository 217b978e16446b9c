// How plugins refuse requests: a code of their own and a text.
//
//   enum class ErrorCode : int { ..., missing_element = 483, invalid_element = 484, unknown = 499 };
//   using BridgeError = PluginError<ErrorCode>;
//   template <typename T = void>
//   using BridgeResult = std::expected<T, BridgeError>;
//
// Plain values, any thread.
#pragma once
#include <fmt/core.h>

#include <expected>
#include <string>
#include <string_view>
#include <utility>

#include "api/request_reader.hpp"

namespace limen {

template <typename Code>
struct PluginError {
  Code code = Code::unknown;
  std::string text;
};

template <typename Code, typename... Args>
std::unexpected<PluginError<Code>> refuse(Code code, fmt::format_string<Args...> format, Args&&... args) {
  return std::unexpected(PluginError<Code>{code, fmt::format(format, std::forward<Args>(args)...)});
}

// `plugin`: the member that names the plugin, its value is `kind`.
template <typename Code>
JsonObject error_body(std::string_view plugin, const PluginError<Code>& error, std::string_view kind = "event") {
  return JsonObject{{plugin, kind}, {"error_code", static_cast<int>(error.code)}, {"error", error.text}};
}

// What a request's parser says, with the plugin's codes.
template <typename Code, typename T>
std::expected<T, PluginError<Code>> with_code(std::expected<T, RequestError> parsed) {
  if (parsed) return std::move(*parsed);
  Code code = parsed.error().missing ? Code::missing_element : Code::invalid_element;
  return std::unexpected(PluginError<Code>{code, std::move(parsed.error().text)});
}

// The refusal of one step as the refusal of the whole.
template <typename T, typename Code>
std::unexpected<PluginError<Code>> passed_on(std::expected<T, PluginError<Code>>& failed) {
  return std::unexpected(std::move(failed.error()));
}

}  // namespace limen
