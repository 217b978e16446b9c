// What a Streaming request can be refused with: codes and texts of the contract, section 1.
//
// Plain values, any thread.
#pragma once
#include <fmt/core.h>

#include <expected>
#include <string>
#include <utility>

#include "api/request_reader.hpp"

namespace limen::streaming {

enum class ErrorCode : int {
  no_message = 450,
  invalid_json = 451,
  invalid_request = 452,
  missing_element = 453,
  invalid_element = 454,
  no_such_mountpoint = 455,
  cannot_create = 456,
  unauthorized = 457,
  cannot_switch = 458,
  cannot_record = 459,
  invalid_state = 460,
  invalid_sdp = 461,
  unknown = 470,
};

struct StreamError {
  ErrorCode code = ErrorCode::unknown;
  std::string text;
};

template <typename T = void>
using StreamResult = std::expected<T, StreamError>;

template <typename... Args>
std::unexpected<StreamError> refuse(ErrorCode code, fmt::format_string<Args...> format, Args&&... args) {
  return std::unexpected(StreamError{code, fmt::format(format, std::forward<Args>(args)...)});
}

inline JsonObject error_body(const StreamError& error) {
  return JsonObject{{"streaming", "event"}, {"error_code", static_cast<int>(error.code)}, {"error", error.text}};
}

// What a request's parser says, with this plugin's codes.
template <typename T>
StreamResult<T> checked(std::expected<T, RequestError> parsed) {
  if (parsed) return std::move(*parsed);
  RequestError& bad = parsed.error();
  ErrorCode code = bad.missing ? ErrorCode::missing_element : ErrorCode::invalid_element;
  return std::unexpected(StreamError{code, std::move(bad.text)});
}

// A described request, or the refusal that its first bad property earns.
template <typename S>
StreamResult<S> read(const JsonObject& body) {
  return checked(read_request<S>(body));
}

// The refusal of one step as the refusal of the whole.
template <typename T>
std::unexpected<StreamError> passed_on(StreamResult<T>& failed) {
  return std::unexpected(std::move(failed.error()));
}

}  // namespace limen::streaming
