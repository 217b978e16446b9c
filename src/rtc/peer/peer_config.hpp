// What a Peer is told: who it is, how to find the other side, and what each m-line carries.
//
// Plain values, made on the control thread by core/jsep, sent to the shard by post.
#pragma once
#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/net_address.hpp"
#include "base/time.hpp"
#include "base/tx_queue.hpp"
#include "rtc/ice/ice_types.hpp"
#include "wire/codec/codec.hpp"
#include "wire/rtp/header_extensions.hpp"

namespace limen::crypto {
class Certificate;
}

namespace limen::rtc {

inline constexpr size_t kMaxSubstreams = 3;
inline constexpr size_t kMaxMlines = 64;

enum class DtlsRole : uint8_t { client, server };

// One payload type as negotiated.
struct PayloadConfig {
  uint8_t payload_type = 0;
  Codec codec = Codec::unknown;
  uint32_t clock_rate = 90000;
  std::optional<uint8_t> rtx_payload_type;
};

// One m-line, both directions. Re-sent whole at each renegotiation.
struct MlineConfig {
  MediaKind kind = MediaKind::audio;
  std::string mid;
  bool send = false;     // this server sends
  bool receive = false;  // this server receives
  std::vector<PayloadConfig> payloads;
  ExtensionMap extensions;  // ids are the same in both directions

  uint32_t local_ssrc = 0;
  uint32_t local_rtx_ssrc = 0;  // 0: no RTX, retransmit as is
  bool nack = false;            // both as sender and as receiver

  // Remote SSRCs from the SDP by simulcast slot (0 = lowest); 0 = unknown, learn from mid/rid.
  std::array<uint32_t, kMaxSubstreams> remote_ssrc{};
  std::array<uint32_t, kMaxSubstreams> remote_rtx_ssrc{};
  std::array<std::string, kMaxSubstreams> rids;  // by slot; empty = slot unused
  // Data: the largest message the peer takes, in bytes (RFC 8841 section 6); 0: any.
  uint64_t max_message_size = 65536;
  bool simulcast() const { return !rids[0].empty() || remote_ssrc[1] != 0; }
};

struct PeerMediaConfig {
  std::vector<MlineConfig> mlines;  // index = m-line index
  std::string cname = "janus";
  bool transport_cc = false;  // send transport-wide feedback
};

// Limits and timers that the administrator may change at run time.
struct PeerTuning {
  Duration min_nack_queue = std::chrono::milliseconds(200);  // 0: keep nothing for retransmission
  Duration no_media_timer = std::chrono::seconds(1);         // 0: no media events
  uint32_t slowlink_threshold = 0;                           // lost packets a second; 0: off
  Duration twcc_period = std::chrono::milliseconds(200);
  bool nack_optimizations = false;
};

struct PeerConfig {
  std::shared_ptr<const crypto::Certificate> certificate;
  bool encrypt = true;  // false: plain RTP right after ICE (debugging)
  bool accept_self_signed = true;
  std::string dtls_ciphers;   // empty: OpenSSL's default
  std::string srtp_profiles;  // OpenSSL names joined by ':', best first; empty: all that we know
  uint16_t dtls_mtu = 1200;
  // The Unix time of Instant's origin, so that sender reports carry real NTP times.
  Duration wall_offset{0};
  IceConfig ice;
  PeerTuning tuning;
};

// What the remote description says about transport.
struct RemoteTransport {
  IceCredentials ice;
  bool ice_lite = false;
  DtlsRole local_dtls_role = DtlsRole::client;
  std::string fingerprint_hash;  // "sha-256" or "sha-1", lower case
  std::string fingerprint;       // "AB:CD:..."
};

}  // namespace limen::rtc
