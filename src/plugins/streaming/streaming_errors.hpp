// What a Streaming request can be refused with: codes and texts of the contract, section 1.
//
// Plain values, any thread.
#pragma once
#include <expected>

#include "api/check_secret.hpp"
#include "api/plugin_error.hpp"

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

using StreamError = PluginError<ErrorCode>;

template <typename T = void>
using StreamResult = std::expected<T, StreamError>;

inline JsonObject error_body(const StreamError& error) {
  return limen::error_body("streaming", error);
}

// What a request's parser says, with this plugin's codes.
template <typename T>
StreamResult<T> checked(std::expected<T, RequestError> parsed) {
  return with_code<ErrorCode>(std::move(parsed));
}

// A described request, or the refusal that its first bad property earns.
template <typename S>
StreamResult<S> read(const JsonObject& body) {
  return with_code<ErrorCode>(read_request<S>(body));
}

}  // namespace limen::streaming
