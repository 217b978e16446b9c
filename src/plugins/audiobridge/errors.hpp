// What an AudioBridge request can be refused with: codes and texts of the contract, section 1.
//
// Plain values, any thread.
#pragma once
#include <expected>

#include "api/check_secret.hpp"
#include "api/plugin_error.hpp"

namespace limen::audiobridge {

enum class ErrorCode : int {
  no_message = 480,
  invalid_json = 481,
  invalid_request = 482,
  missing_element = 483,
  invalid_element = 484,
  no_such_room = 485,
  room_exists = 486,
  not_joined = 487,
  libopus_error = 488,
  unauthorized = 489,
  id_exists = 490,
  already_joined = 491,
  no_such_user = 492,
  invalid_sdp = 493,
  no_such_group = 494,
  unknown = 499,
};

using BridgeError = PluginError<ErrorCode>;

template <typename T = void>
using BridgeResult = std::expected<T, BridgeError>;

inline JsonObject error_body(const BridgeError& error) {
  return limen::error_body("audiobridge", error);
}

// What a request's parser says, with this plugin's codes.
template <typename T>
BridgeResult<T> checked(std::expected<T, RequestError> parsed) {
  return with_code<ErrorCode>(std::move(parsed));
}

// A described request, or the refusal that its first bad property earns.
template <typename S>
BridgeResult<S> read(const JsonObject& body) {
  return with_code<ErrorCode>(read_request<S>(body));
}

}  // namespace limen::audiobridge
