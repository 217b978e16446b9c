// What a datagram on a WebRTC socket is, by its first bytes (RFC 7983, RFC 5761).
//
// Payload types 64..95 in the second byte are RTCP. Anything unknown is offered to DTLS by the peer.
#pragma once
#include <cstdint>

#include "base/bytes.hpp"

namespace limen {

enum class DatagramKind : uint8_t { stun, dtls, turn_channel, rtp, rtcp, unknown };

constexpr bool looks_like_stun(Bytes d) {
  return d.size() >= 20 && d[0] <= 3 && d[4] == 0x21 && d[5] == 0x12 && d[6] == 0xa4 && d[7] == 0x42;
}
constexpr bool looks_like_dtls(Bytes d) {
  return d.size() >= 13 && d[0] >= 20 && d[0] <= 63;
}
constexpr bool looks_like_turn_channel(Bytes d) {
  return d.size() >= 4 && d[0] >= 64 && d[0] <= 79;
}
constexpr bool has_rtcp_type(uint8_t second_byte) {
  return (second_byte & 0x7f) >= 64 && (second_byte & 0x7f) <= 95;
}
constexpr bool looks_like_rtp(Bytes d) {
  return d.size() >= 12 && d[0] >> 6 == 2 && !has_rtcp_type(d[1]);
}
constexpr bool looks_like_rtcp(Bytes d) {
  return d.size() >= 8 && d[0] >> 6 == 2 && has_rtcp_type(d[1]);
}

constexpr DatagramKind datagram_kind(Bytes d) {
  if (looks_like_rtp(d)) return DatagramKind::rtp;
  if (looks_like_rtcp(d)) return DatagramKind::rtcp;
  if (looks_like_stun(d)) return DatagramKind::stun;
  if (looks_like_dtls(d)) return DatagramKind::dtls;
  if (looks_like_turn_channel(d)) return DatagramKind::turn_channel;
  return DatagramKind::unknown;
}

}  // namespace limen
