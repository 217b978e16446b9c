// The few header fields that SRTP needs, read without trust (RFC 3550 sections 5.1, 5.3.1, 6.4.1).
#pragma once
#include <cstdint>
#include <optional>

#include "base/bytes.hpp"

namespace limen::rtc {

struct SrtpHeader {
  size_t size = 0;  // fixed header, CSRCs and header extension: what stays readable
  uint16_t sequence = 0;
  uint32_t ssrc = 0;
};

inline constexpr size_t kRtpFixedHeader = 12;
inline constexpr size_t kRtcpFixedHeader = 8;

// `packet` without the tag, at least kRtpFixedHeader bytes. Empty if it is not version 2 or the
// header is longer than the packet.
inline std::optional<SrtpHeader> read_srtp_header(Bytes packet) {
  if (packet.size() < kRtpFixedHeader || packet[0] >> 6 != 2) return std::nullopt;
  SrtpHeader header{kRtpFixedHeader + size_t{4} * (packet[0] & 0x0fu), load_u16(&packet[2]), load_u32(&packet[8])};
  if ((packet[0] & 0x10) != 0) {
    if (header.size + 4 > packet.size()) return std::nullopt;
    header.size += 4 + size_t{4} * load_u16(&packet[header.size + 2]);
  }
  if (header.size > packet.size()) return std::nullopt;
  return header;
}

}  // namespace limen::rtc
