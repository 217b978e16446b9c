// What an AudioBridge request can be refused with: codes and texts of the contract, section 1.
//
// Plain values, any thread.
#pragma once
#include <fmt/core.h>

#include <expected>
#include <string>
#include <utility>

#include "api/request_reader.hpp"

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

struct BridgeError {
  ErrorCode code = ErrorCode::unknown;
  std::string text;
};

template <typename T = void>
using BridgeResult = std::expected<T, BridgeError>;

template <typename... Args>
std::unexpected<BridgeError> refuse(ErrorCode code, fmt::format_string<Args...> format, Args&&... args) {
  return std::unexpected(BridgeError{code, fmt::format(format, std::forward<Args>(args)...)});
}

inline JsonObject error_body(const BridgeError& error) {
  return JsonObject{{"audiobridge", "event"}, {"error_code", static_cast<int>(error.code)}, {"error", error.text}};
}

// What a request's parser says, with this plugin's codes.
template <typename T>
BridgeResult<T> checked(std::expected<T, RequestError> parsed) {
  if (parsed) return std::move(*parsed);
  RequestError& bad = parsed.error();
  ErrorCode code = bad.missing ? ErrorCode::missing_element : ErrorCode::invalid_element;
  return std::unexpected(BridgeError{code, std::move(bad.text)});
}

// A described request, or the refusal that its first bad property earns.
template <typename S>
BridgeResult<S> read(const JsonObject& body) {
  return checked(read_request<S>(body));
}

// The refusal of one step as the refusal of the whole.
template <typename T>
std::unexpected<BridgeError> passed_on(BridgeResult<T>& failed) {
  return std::unexpected(std::move(failed.error()));
}

}  // namespace limen::audiobridge
