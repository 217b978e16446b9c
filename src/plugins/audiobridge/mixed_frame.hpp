// MixedFrame: one encoded frame of a mix on its way to a participant. Plain values, any thread.
#pragma once
#include <cstdint>
#include <vector>

#include "api/media.hpp"

namespace limen::audiobridge {

struct MixedFrame {
  PeerId peer;
  uint64_t key = 0;   // of the participant: frames of an earlier stay in a room are dropped
  uint32_t tick = 0;  // of 20 ms
  RtpPacket packet;   // only its payload matters
};

// By the shard of the receiver.
using MixedFrames = std::vector<std::vector<MixedFrame>>;

}  // namespace limen::audiobridge
