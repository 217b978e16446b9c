// What a RecordPlay request can be refused with (contract, section 7). Plain values, any thread.
#pragma once
#include <fmt/core.h>

#include <expected>
#include <string>
#include <utility>

#include "api/request_reader.hpp"

namespace limen::recordplay {

enum class ErrorCode : int {
  no_message = 411,
  invalid_json = 412,
  invalid_request = 413,
  invalid_element = 414,
  missing_element = 415,
  not_found = 416,
  invalid_recording = 417,
  invalid_state = 418,
  invalid_sdp = 419,
  recording_exists = 420,
  unauthorized = 440,
  unknown = 499,
};

struct RecordError {
  ErrorCode code = ErrorCode::unknown;
  std::string text;
};

template <typename T = void>
using RecordResult = std::expected<T, RecordError>;

template <typename... Args>
std::unexpected<RecordError> refuse(ErrorCode code, fmt::format_string<Args...> format, Args&&... args) {
  return std::unexpected(RecordError{code, fmt::format(format, std::forward<Args>(args)...)});
}

inline JsonObject error_body(const RecordError& error) {
  return JsonObject{{"recordplay", "event"}, {"error_code", static_cast<int>(error.code)}, {"error", error.text}};
}

// A described request, or the refusal that its first bad property earns.
template <typename S>
RecordResult<S> read(const JsonObject& body) {
  auto request = read_request<S>(body);
  if (request) return std::move(*request);
  RequestError& error = request.error();
  ErrorCode code = error.missing ? ErrorCode::missing_element : ErrorCode::invalid_element;
  return std::unexpected(RecordError{code, std::move(error.text)});
}

}  // namespace limen::recordplay
