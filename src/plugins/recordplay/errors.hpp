// What a RecordPlay request can be refused with (contract, section 7). Plain values, any thread.
#pragma once
#include <expected>

#include "api/plugin_error.hpp"

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

using RecordError = PluginError<ErrorCode>;

template <typename T = void>
using RecordResult = std::expected<T, RecordError>;

inline JsonObject error_body(const RecordError& error) {
  return limen::error_body("recordplay", error);
}

// A described request, or the refusal that its first bad property earns.
template <typename S>
RecordResult<S> read(const JsonObject& body) {
  return with_code<ErrorCode>(read_request<S>(body));
}

}  // namespace limen::recordplay
