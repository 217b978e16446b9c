// What a NoSIP request can be refused with. Plain values, any thread.
#pragma once
#include <expected>

#include "api/plugin_error.hpp"

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

using NoSipError = PluginError<ErrorCode>;

template <typename T = void>
using NoSipResult = std::expected<T, NoSipError>;

inline JsonObject error_body(const NoSipError& error) {
  return limen::error_body("nosip", error);
}

// A described request, or the refusal that its first bad property earns.
template <typename S>
NoSipResult<S> read(const JsonObject& body) {
  return with_code<ErrorCode>(read_request<S>(body));
}

}  // namespace limen::nosip
