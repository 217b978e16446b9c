// What a NoSIP request can be refused with. Plain values, any thread.
#pragma once
#include <fmt/core.h>

#include <expected>
#include <string>
#include <utility>

#include "api/request_reader.hpp"

namespace limen::nosip {

enum class ErrorCode : int {
  no_message = 440,
  invalid_json = 441,
  invalid_request = 442,
  missing_element = 443,
  invalid_element = 444,
  wrong_state = 445,
  missing_sdp = 446,
  invalid_sdp = 447,
  io_error = 448,
  recording_error = 449,
  too_strict = 450,
  no_such_stream = 451,
  unknown = 499,
};

struct NoSipError {
  ErrorCode code = ErrorCode::unknown;
  std::string text;
};

template <typename T = void>
using NoSipResult = std::expected<T, NoSipError>;

template <typename... Args>
std::unexpected<NoSipError> refuse(ErrorCode code, fmt::format_string<Args...> format, Args&&... args) {
  return std::unexpected(NoSipError{code, fmt::format(format, std::forward<Args>(args)...)});
}

inline JsonObject error_body(const NoSipError& error) {
  return JsonObject{{"nosip", "event"}, {"error_code", static_cast<int>(error.code)}, {"error", error.text}};
}

// A described request, or the refusal that its first bad property earns.
template <typename S>
NoSipResult<S> read(const JsonObject& body) {
  auto request = read_request<S>(body);
  if (request) return std::move(*request);
  RequestError& error = request.error();
  ErrorCode code = error.missing ? ErrorCode::missing_element : ErrorCode::invalid_element;
  return std::unexpected(NoSipError{code, std::move(error.text)});
}

}  // namespace limen::nosip
