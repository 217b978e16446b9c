// KeyframeBuffer: the last key frame of a video and what came after it, for viewers that come later (contract, 7.3).
//
// Copies, so that it holds no receive buffers; bounded in time and bytes. A shard's thread only.
#pragma once
#include <cstdint>
#include <vector>

#include "base/packet.hpp"
#include "base/time.hpp"
#include "plugins/streaming/mountpoint_settings.hpp"
#include "wire/rtp/rtp_packet.hpp"

namespace limen::streaming {

// What a new viewer gets before anything else.
struct KeyframeBurst {
  std::vector<RtpPacket> packets;
  // The packet that comes in next goes on from the last one here.
  bool whole = false;
};

class KeyframeBuffer {
 public:
  // In a burst frames follow each other so closely that the viewer shows the last one at once.
  static constexpr uint32_t kFrameTicks = 90;  // 1 ms of the 90 kHz clock
  static constexpr size_t kMostPackets = 16384;

  explicit KeyframeBuffer(KeyframeLimits limits) : limits_(limits) {}

  void add(const RtpPacket& packet, Instant now);
  KeyframeBurst burst(PacketPool& pool, Instant now) const;
  void clear();
  size_t packets() const { return packets_.size(); }
  size_t bytes() const { return bytes_.size(); }

 private:
  struct Kept {
    RtpPacket facts;  // without bytes
    size_t begin = 0, size = 0;
  };
  bool within_limits(const RtpPacket& packet, Instant now) const;
  void keep(const RtpPacket& packet);

  KeyframeLimits limits_;
  std::vector<Kept> packets_;
  std::vector<uint8_t> bytes_;
  Instant began_{};
  bool cut_ = false;  // a limit was reached: what came after is not here
};

}  // namespace limen::streaming
