// The described requests of NoSIP. Plain values, any thread.
#pragma once
#include <cstdint>
#include <optional>
#include <string>

#include "api/json.hpp"

namespace limen::nosip {

struct AnyRequest {
  std::string request;
};
template <typename V>
void describe(V& v, AnyRequest& r) {
  v.field("request", r.request, "What to do");
}

struct GenerateRequest {
  std::optional<std::string> info, srtp, srtp_profile;
  std::optional<bool> update;
};
template <typename V>
void describe(V& v, GenerateRequest& r) {
  v.field("info", r.info, "Whatever the application wants to note in the log");
  v.field("srtp", r.srtp, "sdes_optional or sdes_mandatory");
  v.field("srtp_profile", r.srtp_profile, "Profile to offer");
  v.field("update", r.update, "A renegotiation; what counts is the description's own flag");
}

struct ProcessRequest {
  std::string type, sdp;
  std::optional<std::string> info, srtp, srtp_profile;
  std::optional<bool> update;
};
template <typename V>
void describe(V& v, ProcessRequest& r) {
  v.field("type", r.type, "offer or answer");
  v.field("sdp", r.sdp, "The plain description");
  v.field("info", r.info, "Whatever the application wants to note in the log");
  v.field("srtp", r.srtp, "sdes_optional or sdes_mandatory");
  v.field("srtp_profile", r.srtp_profile, "Checked, not used");
  v.field("update", r.update, "A renegotiation");
}

struct RecordingRequest {
  std::string action;
  std::optional<bool> audio, video, peer_audio, peer_video;
  std::optional<std::string> filename;
};
template <typename V>
void describe(V& v, RecordingRequest& r) {
  v.field("action", r.action, "start or stop");
  v.field("audio", r.audio, "The user's audio");
  v.field("video", r.video, "The user's video");
  v.field("peer_audio", r.peer_audio, "The peer's audio");
  v.field("peer_video", r.peer_video, "The peer's video");
  v.field("filename", r.filename, "Base name of the files");
}

struct KeyframeRequestBody {
  std::optional<bool> user, peer;
};
template <typename V>
void describe(V& v, KeyframeRequestBody& r) {
  v.field("user", r.user, "Ask the browser");
  v.field("peer", r.peer, "Ask the peer");
}

struct ForwardRequest {
  std::optional<JsonArray> streams;
};
template <typename V>
void describe(V& v, ForwardRequest& r) {
  v.field("streams", r.streams, "What to send where");
}

struct ForwardEntry {
  std::string type, host;
  uint16_t port = 0;
  std::optional<std::string> host_family, srtp_crypto;
  std::optional<uint32_t> ssrc, srtp_suite;
  std::optional<uint8_t> pt;
};
template <typename V>
void describe(V& v, ForwardEntry& r) {
  v.field("type", r.type, "audio, video, peer_audio or peer_video");
  v.field("host", r.host, "Where to send");
  v.field("host_family", r.host_family, "ipv4 or ipv6");
  v.field("port", r.port, "Port of the receiver");
  v.field("ssrc", r.ssrc, "SSRC, 0: the stream's");
  v.field("pt", r.pt, "Payload type, 0: the stream's");
  v.field("srtp_suite", r.srtp_suite, "32 or 80");
  v.field("srtp_crypto", r.srtp_crypto, "Key and salt in base64");
}

struct StopForwardRequest {
  uint32_t stream_id = 0;
};
template <typename V>
void describe(V& v, StopForwardRequest& r) {
  v.field("stream_id", r.stream_id, "Which forwarder");
}

}  // namespace limen::nosip
