// TURN ChannelData framing: four bytes before the payload (RFC 8656 section 12.4).
//
// Over UDP padding is optional and ignored; over TCP a frame is padded to four bytes.
#pragma once
#include <cstdint>
#include <optional>

#include "base/bytes.hpp"

namespace limen::stun {

inline constexpr size_t kChannelHeaderSize = 4;

struct ChannelData {
  uint16_t channel = 0;  // 0x4000..0x4fff
  Bytes payload;
};

std::optional<ChannelData> parse_channel_data(Bytes datagram);
// Size of the frame; 0 if it does not fit. `pad` for streams (TCP, TLS).
size_t write_channel_data(uint16_t channel, Bytes payload, bool pad, MutableBytes out);

}  // namespace limen::stun
