// What a client must be told when the core refuses a request: Janus's error codes and their texts.
//
// Plain values, any thread.
#pragma once
#include <expected>
#include <string>
#include <string_view>

namespace limen {

enum class ApiErrorCode : int {
  ok = 0,
  unauthorized = 403,
  unauthorized_plugin = 405,
  transport_specific = 450,
  missing_request = 452,
  unknown_request = 453,
  invalid_json = 454,
  invalid_json_object = 455,
  missing_mandatory_element = 456,
  invalid_request_path = 457,
  session_not_found = 458,
  handle_not_found = 459,
  plugin_not_found = 460,
  plugin_attach = 461,
  plugin_message = 462,
  plugin_detach = 463,
  jsep_unknown_type = 464,
  jsep_invalid_sdp = 465,
  trickle_invalid_stream = 466,
  invalid_element_type = 467,
  session_conflict = 468,
  unexpected_answer = 469,
  token_not_found = 470,
  webrtc_state = 471,
  not_accepting_sessions = 472,
  unknown = 490,
};

// The text used when a request gives no better one.
constexpr std::string_view default_text(ApiErrorCode code) {
  switch (code) {
    case ApiErrorCode::ok:
      return "Success";
    case ApiErrorCode::unauthorized:
      return "Unauthorized request (wrong or missing secret/token)";
    case ApiErrorCode::unauthorized_plugin:
      return "Unauthorized access to plugin (token is not allowed to)";
    case ApiErrorCode::transport_specific:
      return "Transport specific error";
    case ApiErrorCode::missing_request:
      return "Missing request";
    case ApiErrorCode::unknown_request:
      return "Unknown request";
    case ApiErrorCode::invalid_json:
      return "Invalid JSON";
    case ApiErrorCode::invalid_json_object:
      return "Invalid JSON Object";
    case ApiErrorCode::missing_mandatory_element:
      return "Missing mandatory element";
    case ApiErrorCode::invalid_request_path:
      return "Invalid path for this request";
    case ApiErrorCode::session_not_found:
      return "Session not found";
    case ApiErrorCode::handle_not_found:
      return "Handle not found";
    case ApiErrorCode::plugin_not_found:
      return "Plugin not found";
    case ApiErrorCode::plugin_attach:
      return "Error attaching plugin";
    case ApiErrorCode::plugin_message:
      return "Error sending message to plugin";
    case ApiErrorCode::plugin_detach:
      return "Error detaching from plugin";
    case ApiErrorCode::jsep_unknown_type:
      return "Unsupported JSEP type";
    case ApiErrorCode::jsep_invalid_sdp:
      return "Invalid SDP";
    case ApiErrorCode::trickle_invalid_stream:
      return "Invalid stream";
    case ApiErrorCode::invalid_element_type:
      return "Invalid element type";
    case ApiErrorCode::session_conflict:
      return "Session ID already in use";
    case ApiErrorCode::unexpected_answer:
      return "Unexpected ANSWER (no OFFER)";
    case ApiErrorCode::token_not_found:
      return "Token not found";
    case ApiErrorCode::webrtc_state:
      return "Wrong WebRTC state";
    case ApiErrorCode::not_accepting_sessions:
      return "Currently not accepting new sessions";
    case ApiErrorCode::unknown:
      return "Unknown error";
  }
  return "Unknown error";
}

struct ApiError {
  ApiErrorCode code = ApiErrorCode::unknown;
  std::string reason;

  ApiError() : ApiError(ApiErrorCode::unknown) {}
  ApiError(ApiErrorCode c) : code(c), reason(default_text(c)) {}  // NOLINT(google-explicit-constructor)
  ApiError(ApiErrorCode c, std::string text) : code(c), reason(std::move(text)) {}
  int number() const { return static_cast<int>(code); }
  friend bool operator==(const ApiError&, const ApiError&) = default;
};

template <typename T = void>
using ApiResult = std::expected<T, ApiError>;

}  // namespace limen
