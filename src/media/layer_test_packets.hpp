// Packets for the tests of this room: no bytes but what a VP8 descriptor needs.
#pragma once
#include <array>

#include "base/packet.hpp"
#include "wire/rtp/rtp_packet.hpp"

namespace limen::media::test {

inline Instant at_ms(int64_t ms) {
  return Instant(std::chrono::milliseconds(ms));
}

// One encoding of a sender: counts its own sequence numbers and timestamps.
struct Encoder {
  uint32_t ssrc = 1000;
  uint8_t substream = 0;
  Codec codec = Codec::h264;
  uint16_t sequence = 100;
  uint32_t timestamp = 5000;

  RtpPacket frame(bool keyframe, int temporal = -1, bool sync = false) {
    RtpPacket packet;
    packet.ssrc = ssrc;
    packet.substream = substream;
    packet.codec = codec;
    packet.sequence = sequence++;
    packet.timestamp = timestamp += 3000;
    packet.marker = true;
    packet.payload_type = 96;
    packet.video.keyframe = keyframe;
    packet.video.start_of_frame = packet.video.end_of_frame = true;
    packet.video.temporal = static_cast<int8_t>(temporal);
    packet.video.layer_sync = sync;
    return packet;
  }
};

}  // namespace limen::media::test
