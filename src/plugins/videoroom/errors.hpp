// What a VideoRoom request can be refused with: codes and texts of the contract, section 2.
//
// Plain values, any thread.
#pragma once
#include <expected>

#include "api/check_secret.hpp"
#include "api/plugin_error.hpp"

namespace limen::videoroom {

enum class ErrorCode : int {
  no_message = 421,
  invalid_json = 422,
  invalid_request = 423,
  join_first = 424,
  already_joined = 425,
  no_such_room = 426,
  room_exists = 427,
  no_such_feed = 428,
  missing_element = 429,
  invalid_element = 430,
  invalid_sdp_type = 431,
  publishers_full = 432,
  unauthorized = 433,
  already_published = 434,
  not_published = 435,
  id_exists = 436,
  invalid_sdp = 437,
  invalid_feed = 438,
  unknown = 499,
};

using RoomError = PluginError<ErrorCode>;

template <typename T = void>
using RoomResult = std::expected<T, RoomError>;

inline JsonObject error_body(const RoomError& error) {
  return limen::error_body("videoroom", error);
}

// What a request's parser says, with this plugin's codes.
template <typename T>
RoomResult<T> checked(std::expected<T, RequestError> parsed) {
  return with_code<ErrorCode>(std::move(parsed));
}

// A described request, or the refusal that its first bad property earns.
template <typename S>
RoomResult<S> read(const JsonObject& body) {
  return with_code<ErrorCode>(read_request<S>(body));
}

}  // namespace limen::videoroom
