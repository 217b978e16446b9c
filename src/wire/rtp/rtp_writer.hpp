// From a rewrite note to the bytes of one receiver's packet, in one pass and without allocation.
//
// RFC 3550 section 5.1, RFC 8285, RFC 4588. All incoming extensions are dropped and re-created from the
// source's facts as far as `map` (the receiver's m-line) has them: one-byte form, two-byte form when a
// value is longer than 16 bytes or an id is above 14. CSRCs and padding are not copied; padding of our own
// is what the note asks for.
#pragma once
#include <cstdint>
#include <string_view>

#include "base/bytes.hpp"
#include "wire/rtp/header_extensions.hpp"
#include "wire/rtp/rtp_packet.hpp"

namespace limen {

// What only the sender knows.
struct RtpSenderValues {
  uint32_t ssrc = 0;
  std::string_view mid = {};        // written if the map has mid and it is not empty
  int32_t transport_sequence = -1;  // written if the map has it and >= 0
  int32_t abs_send_time = -1;       // 24-bit 6.18 seconds; likewise
};

// How an RTX copy differs from the original.
struct RtxValues {
  uint32_t ssrc = 0;
  uint16_t sequence = 0;
  uint8_t payload_type = 0;
};

// Where things ended up; size 0: `out` was too small. Offsets are 0 if the extension is not there.
struct WrittenRtp {
  uint16_t size = 0;                       // bytes written
  uint16_t header_size = 0;                // of those, up to the payload (an RTX packet's original number is payload)
  uint16_t transport_sequence_offset = 0;  // two bytes that may be changed before encryption
  uint16_t abs_send_time_offset = 0;       // three bytes, likewise
  explicit operator bool() const { return size != 0; }
};

// Header only: `size` == `header_size`.
WrittenRtp write_rtp_header(const OutgoingRtp& rtp, const RtpSenderValues& values, const ExtensionMap& map,
                            MutableBytes out);
// Header, replaced payload prefix and payload.
WrittenRtp write_rtp(const OutgoingRtp& rtp, const RtpSenderValues& values, const ExtensionMap& map, MutableBytes out);
// The same packet as a retransmission (`values.ssrc` is ignored).
WrittenRtp write_rtx(const OutgoingRtp& rtp, const RtxValues& rtx, const RtpSenderValues& values,
                     const ExtensionMap& map, MutableBytes out);
// A finished plain RTP packet (header, CSRCs, extensions and all) as RTX; 0 if malformed or too small.
size_t wrap_rtx(Bytes rtp, const RtxValues& rtx, MutableBytes out);

// Sizes the caller can rely on: the longest header write_rtp_header can make.
inline constexpr size_t kMaxRtpHeader = 12 + 4 + 1024;

// abs-send-time of a moment: 24 bits, 6.18 fixed point seconds, wrapping every 64 s.
constexpr int32_t abs_send_time(Instant at) {
  auto ns = static_cast<uint64_t>(at.time_since_epoch().count());
  uint64_t seconds = ns / 1'000'000'000;
  uint64_t fraction = ((ns % 1'000'000'000) << 18) / 1'000'000'000;
  return static_cast<int32_t>((seconds << 18 | fraction) & 0xffffff);
}

}  // namespace limen
