// One m-line as it is remembered from negotiation to negotiation.
//
// A plain value; control thread.
#pragma once
#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "rtc/peer/peer_config.hpp"
#include "wire/rtp/header_extensions.hpp"
#include "wire/sdp/session_description.hpp"

namespace limen::core {

// Simulcast as the client offered it.
struct RidLayer {
  std::string rid;
  bool paused = false;
};

// What the client's side of an m-line says.
struct RemoteMedia {
  std::vector<RidLayer> rids;                          // in the order of the SDP
  std::array<std::string, rtc::kMaxSubstreams> slots;  // rids by slot, 0 = lowest
  bool legacy_simulcast = false;                       // "a=simulcast: send rid=..."
  uint8_t rid_extension = 0;
  std::array<uint32_t, rtc::kMaxSubstreams> ssrc{};  // by slot
  std::array<uint32_t, rtc::kMaxSubstreams> rtx_ssrc{};
  bool fid = false;                // it signalled an RTX SSRC of its own
  std::map<uint8_t, uint8_t> rtx;  // payload type -> RTX payload type
  bool nack = false;
  uint64_t max_message_size = 65536;  // data; RFC 8841 section 6.1: if it does not say
  bool simulcast() const { return !rids.empty() || ssrc[1] != 0; }
};

struct MlineState {
  MediaKind kind = MediaKind::audio;
  std::string mid;                                      // fixed at first sight
  std::string protocol;                                 // what the peer uses; "" until it spoke
  bool in_use = false;                                  // not rejected
  sdp::Direction direction = sdp::Direction::sendrecv;  // from this server's point of view
  std::optional<sdp::Direction> offered;                // by the client's last offer; nullopt: rejected
  RemoteMedia remote;
  std::map<uint8_t, uint8_t> rtx;  // as offered by this server, or as taken from an offer
  bool nack = false;
  uint32_t local_ssrc = 0;
  uint32_t local_rtx_ssrc = 0;
  std::vector<rtc::PayloadConfig> payloads;
  ExtensionMap extensions;
};

}  // namespace limen::core
