// RecentPackets: the source packets that the peers of one shard sent lately, for retransmission. Each is
// here once, however many subscribers got it; what every subscriber remembers of it is a number.
//
// A ring in order of arrival, bounded by time and count. A shard's thread only.
#pragma once
#include <array>
#include <cstdint>
#include <vector>

#include "base/packet.hpp"
#include "base/time.hpp"
#include "wire/rtp/rtp_packet.hpp"

namespace limen::rtc {

class RecentPackets {
 public:
  // A quarter of a shard's packets: with thousands of publishers the time shrinks, and reading goes on.
  static constexpr size_t kMaxPackets = 16384;
  using Number = uint32_t;

  struct Source {
    Packet packet;
    ExtensionFacts extensions;
    uint16_t payload_offset = 0, payload_size = 0;
    Instant keep_until{};
    // As much of the received packet as writing it again takes.
    RtpPacket rtp() const;
  };

  // Keeps the packet for `keep` from now at least; the same packet again has the same number.
  Number add(const RtpPacket& rtp, Duration keep, Instant now);
  // Null if it has gone. Valid until the next call of a member that is not const.
  const Source* find(Number number) const;
  // Lets go of what is too old; called now and then, so that an idle shard pins nothing.
  void trim(Instant now);
  size_t size() const { return count_; }
  size_t bytes() const { return ring_.capacity() * sizeof(Source); }  // without the packets
  // Whoever may ask for packets again. When the last one leaves, all go.
  void enter() { ++users_; }
  void leave();

 private:
  // What was added lately, found by the packet's storage: the subscribers of one packet come close together.
  static constexpr size_t kLately = 256;

  Source& at(Number number) { return ring_[number & (ring_.size() - 1)]; }
  Number& lately(const RtpPacket& rtp);
  void drop_oldest();
  void grow();

  std::vector<Source> ring_;  // a power of two
  Number first_ = 0;          // number of the oldest
  size_t count_ = 0;
  size_t users_ = 0;
  std::array<Number, kLately> lately_{};
};

}  // namespace limen::rtc
