// MixedFrame: one encoded frame of a mix on its way to a participant. Plain values, any thread.
#pragma once
#include <cstdint>
#include <vector>

#include "api/media.hpp"

namespace limen::audiobridge {

// What waits of a participant's own audio at the mixer.
struct Backlog {
  uint32_t packets = 0;  // in the jitter buffer
  uint32_t frames = 0;   // decoded, of 20 ms
  friend bool operator==(const Backlog&, const Backlog&) = default;
};

struct MixedFrame {
  PeerId peer;
  uint64_t key = 0;   // of the participant: frames of an earlier stay in a room are dropped
  uint32_t tick = 0;  // of 20 ms
  RtpPacket packet;   // only its payload matters
  Backlog backlog = {};
};

// By the shard of the receiver.
using MixedFrames = std::vector<std::vector<MixedFrame>>;

}  // namespace limen::audiobridge
