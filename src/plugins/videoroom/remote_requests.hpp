// The described requests about publishers that are cascaded between servers (contract, section 7).
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "api/json.hpp"

namespace limen::videoroom {

struct AddRemoteRequest {
  std::optional<std::string> display, mcast, iface, srtp_crypto;
  std::optional<JsonObject> metadata;
  std::optional<uint16_t> port;
  std::optional<Json> rtcp_port;
  std::optional<uint32_t> srtp_suite;
  JsonArray streams;
};
template <typename V>
void describe(V& v, AddRemoteRequest& r) {
  v.field("display", r.display, "Name to show");
  v.field("metadata", r.metadata, "Anything the application wants to tell");
  v.field("mcast", r.mcast, "IPv4 group to join");
  v.field("iface", r.iface, "Network interface, by name or address");
  v.field("port", r.port, "Port to listen on, 0: a free one");
  v.field("rtcp_port", r.rtcp_port, "Port for RTCP, 0: a free one; other types than a number are ignored");
  v.field("srtp_suite", r.srtp_suite, "32 or 80");
  v.field("srtp_crypto", r.srtp_crypto, "Key and salt in base64");
  v.field("streams", r.streams, "What will come");
}

struct UpdateRemoteRequest {
  std::optional<std::string> display, srtp_crypto;
  std::optional<JsonObject> metadata;
  std::optional<uint32_t> srtp_suite;
  JsonArray streams;
};
template <typename V>
void describe(V& v, UpdateRemoteRequest& r) {
  v.field("display", r.display, "Name to show");
  v.field("metadata", r.metadata, "Anything the application wants to tell");
  v.field("srtp_suite", r.srtp_suite, "32 or 80");
  v.field("srtp_crypto", r.srtp_crypto, "Key and salt in base64");
  v.field("streams", r.streams, "What changes and what is new");
}

struct RemoteStream {
  std::string mid, type;
  uint32_t mindex = 0;
  std::optional<std::string> codec, description, h264_profile, vp9_profile;
  std::optional<bool> disabled, stereo, fec, dtx, simulcast, svc;
  std::optional<uint8_t> audiolevel_ext_id, videoorient_ext_id, playoutdelay_ext_id;
};
template <typename V>
void describe(V& v, RemoteStream& r) {
  v.field("mid", r.mid, "Which stream");
  v.field("mindex", r.mindex, "Its place");
  v.field("type", r.type, "audio, video or data");
  v.field("codec", r.codec, "Of audio and video");
  v.field("description", r.description, "What it is");
  v.field("disabled", r.disabled, "Nothing is sent on it");
  v.field("stereo", r.stereo, "Opus in stereo");
  v.field("fec", r.fec, "Opus forward error correction");
  v.field("dtx", r.dtx, "Opus silence suppression");
  v.field("h264_profile", r.h264_profile, "H.264 profile");
  v.field("vp9_profile", r.vp9_profile, "VP9 profile");
  v.field("simulcast", r.simulcast, "Three substreams");
  v.field("svc", r.svc, "Layers in one stream");
  v.field("audiolevel_ext_id", r.audiolevel_ext_id, "Id of the audio level extension");
  v.field("videoorient_ext_id", r.videoorient_ext_id, "Id of the orientation extension");
  v.field("playoutdelay_ext_id", r.playoutdelay_ext_id, "Id of the playout delay extension");
}

// An update, checked.
struct RemoteChange {
  std::optional<std::string> display;
  std::optional<JsonObject> metadata;
  std::vector<RemoteStream> streams;
};

struct PublishRemotelyRequest {
  std::string remote_id, host;
  std::optional<std::string> host_family, srtp_crypto;
  uint16_t port = 0;
  std::optional<uint16_t> rtcp_port;
  std::optional<uint32_t> srtp_suite;
};
template <typename V>
void describe(V& v, PublishRemotelyRequest& r) {
  v.field("remote_id", r.remote_id, "Names the other server's copy");
  v.field("host", r.host, "Where to send");
  v.field("host_family", r.host_family, "ipv4 or ipv6");
  v.field("port", r.port, "Port of the other server");
  v.field("rtcp_port", r.rtcp_port, "Port for RTCP of the other server");
  v.field("srtp_suite", r.srtp_suite, "32 or 80");
  v.field("srtp_crypto", r.srtp_crypto, "Key and salt in base64");
}

struct UnpublishRemotelyRequest {
  std::string remote_id;
};
template <typename V>
void describe(V& v, UnpublishRemotelyRequest& r) {
  v.field("remote_id", r.remote_id, "Names the other server's copy");
}

}  // namespace limen::videoroom
