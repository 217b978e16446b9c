// The requests of VideoCall and what they may be refused with (spec plugin-videocall, sections 2 and 3).
// Plain values.
#pragma once
#include <cstdint>
#include <expected>
#include <optional>
#include <string>

#include "api/json.hpp"
#include "api/request_reader.hpp"

namespace limen::videocall {

enum class CallErrorCode : int {
  no_message = 470,
  invalid_json = 471,
  invalid_request = 472,
  register_first = 473,
  invalid_element = 474,
  missing_element = 475,
  username_taken = 476,
  already_registered = 477,
  no_such_username = 478,
  use_echo_test = 479,
  already_in_call = 480,
  no_call = 481,
  missing_sdp = 482,
  invalid_sdp = 483,
};

struct CallError {
  CallErrorCode code;
  std::string text;
};

template <typename T = void>
using CallResult = std::expected<T, CallError>;

struct NamedRequest {
  std::string request;
};
template <typename V>
void describe(V& v, NamedRequest& r) {
  v.field("request", r.request, "What is wanted");
}

struct UserRequest {  // register, call
  std::string username;
};
template <typename V>
void describe(V& v, UserRequest& r) {
  v.field("username", r.username, "Own name, or who is called");
}

struct SetRequest {
  std::optional<bool> audio, video;
  std::optional<uint64_t> bitrate;
  std::optional<bool> record;
  std::optional<std::string> filename;
  std::optional<bool> restart;
  std::optional<uint32_t> substream, temporal, fallback;
};
template <typename V>
void describe(V& v, SetRequest& r) {
  v.field("audio", r.audio, "Send own audio to the other");
  v.field("video", r.video, "Send own video to the other");
  v.field("bitrate", r.bitrate, "Bitrate cap in bits per second, 0 for none");
  v.field("record", r.record, "Start or stop recording what this user sends");
  v.field("filename", r.filename, "Base name of the recordings");
  v.field("restart", r.restart, "The description that comes along restarts ICE");
  v.field("substream", r.substream, "Simulcast substream to receive, 0 to 2");
  v.field("temporal", r.temporal, "Temporal layer to receive, 0 to 2");
  v.field("fallback", r.fallback, "Microseconds before a lower substream is taken");
}

template <typename S>
CallResult<S> read_call_request(const JsonObject& body) {
  auto request = read_request<S>(body);
  if (request) return std::move(*request);
  CallErrorCode code = request.error().missing ? CallErrorCode::missing_element : CallErrorCode::invalid_element;
  return std::unexpected(CallError{code, request.error().text});
}

// Types and ranges.
CallResult<SetRequest> read_set_request(const JsonObject& body);

}  // namespace limen::videocall
