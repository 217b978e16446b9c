// The described requests about RTP forwarders (contract, section 6).
#pragma once
#include <cstdint>
#include <optional>
#include <string>

#include "api/json.hpp"

namespace limen::videoroom {

// Where one stream, or one kind of media in the old form, goes.
struct ForwardTargets {
  std::optional<uint16_t> port, port_2, port_3, rtcp_port;
  std::optional<uint32_t> ssrc, ssrc_2, ssrc_3;
  std::optional<uint8_t> pt, pt_2, pt_3;
};
template <typename V>
void describe_targets(V& v, ForwardTargets& r, const std::string& prefix) {
  v.field(prefix + "port", r.port, "Port of the receiver");
  v.field(prefix + "rtcp_port", r.rtcp_port, "Port for RTCP of the receiver");
  v.field(prefix + "pt", r.pt, "Payload type, 0: the publisher's");
  v.field(prefix + "ssrc", r.ssrc, "SSRC, 0: the publisher's");
  v.field(prefix + "port_2", r.port_2, "Port for the second substream");
  v.field(prefix + "ssrc_2", r.ssrc_2, "SSRC of the second substream");
  v.field(prefix + "pt_2", r.pt_2, "Payload type of the second substream");
  v.field(prefix + "port_3", r.port_3, "Port for the third substream");
  v.field(prefix + "ssrc_3", r.ssrc_3, "SSRC of the third substream");
  v.field(prefix + "pt_3", r.pt_3, "Payload type of the third substream");
}

struct ForwardRequest {
  std::string host;
  std::optional<std::string> host_family, srtp_crypto;
  std::optional<uint32_t> srtp_suite;
  std::optional<bool> simulcast;
  ForwardTargets audio, video, data;
  std::optional<JsonArray> streams;
};
template <typename V>
void describe(V& v, ForwardRequest& r) {
  v.field("host", r.host, "Where to send");
  v.field("host_family", r.host_family, "ipv4 or ipv6");
  v.field("simulcast", r.simulcast, "The best layer as one stream");
  v.field("srtp_suite", r.srtp_suite, "32 or 80");
  v.field("srtp_crypto", r.srtp_crypto, "Key and salt in base64");
  v.field("streams", r.streams, "What to send where");
  describe_targets(v, r.video, "video_");
  describe_targets(v, r.audio, "audio_");
  describe_targets(v, r.data, "data_");
}

struct ForwardEntry {
  std::string mid;
  uint16_t port = 0;
  std::optional<std::string> host, host_family, srtp_crypto;
  std::optional<uint32_t> srtp_suite;
  std::optional<bool> simulcast;
  ForwardTargets to;
};
template <typename V>
void describe(V& v, ForwardEntry& r) {
  v.field("mid", r.mid, "Which stream");
  v.field("port", r.port, "Port of the receiver");
  v.field("host", r.host, "Where to send, other than the rest");
  v.field("host_family", r.host_family, "ipv4 or ipv6");
  v.field("simulcast", r.simulcast, "The best layer as one stream");
  v.field("srtp_suite", r.srtp_suite, "Checked; the request's own is used");
  v.field("srtp_crypto", r.srtp_crypto, "Checked; the request's own is used");
  describe_targets(v, r.to, "");
}

struct StopForwardRequest {
  uint32_t stream_id = 0;
};
template <typename V>
void describe(V& v, StopForwardRequest& r) {
  v.field("stream_id", r.stream_id, "Which forwarder");
}

}  // namespace limen::videoroom
