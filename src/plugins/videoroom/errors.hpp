// What a VideoRoom request can be refused with: codes and texts of the contract, section 2.
//
// Plain values, any thread.
#pragma once
#include <fmt/core.h>

#include <expected>
#include <string>
#include <utility>

#include "api/request_reader.hpp"

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

struct RoomError {
  ErrorCode code = ErrorCode::unknown;
  std::string text;
};

template <typename T = void>
using RoomResult = std::expected<T, RoomError>;

template <typename... Args>
std::unexpected<RoomError> refuse(ErrorCode code, fmt::format_string<Args...> format, Args&&... args) {
  return std::unexpected(RoomError{code, fmt::format(format, std::forward<Args>(args)...)});
}

inline JsonObject error_body(const RoomError& error) {
  return JsonObject{{"videoroom", "event"}, {"error_code", static_cast<int>(error.code)}, {"error", error.text}};
}

// What a request's parser says, with this plugin's codes.
template <typename T>
RoomResult<T> checked(std::expected<T, RequestError> parsed) {
  if (parsed) return std::move(*parsed);
  RequestError& bad = parsed.error();
  ErrorCode code = bad.missing ? ErrorCode::missing_element : ErrorCode::invalid_element;
  return std::unexpected(RoomError{code, std::move(bad.text)});
}

// A described request, or the refusal that its first bad property earns.
template <typename S>
RoomResult<S> read(const JsonObject& body) {
  return checked(read_request<S>(body));
}

// The refusal of one step as the refusal of the whole.
template <typename T>
std::unexpected<RoomError> passed_on(RoomResult<T>& failed) {
  return std::unexpected(std::move(failed.error()));
}

}  // namespace limen::videoroom
