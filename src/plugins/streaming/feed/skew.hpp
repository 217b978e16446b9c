// SkewCompensation: keeps a sender whose clock is too fast or too slow in step with ours (contract, 7.4).
//
// Sans-IO; a shard's thread only.
#pragma once
#include <cstdint>

#include "base/time.hpp"
#include "wire/rtp/rtp_packet.hpp"

namespace limen::streaming {

class SkewCompensation {
 public:
  static constexpr Duration kWait = std::chrono::seconds(5);        // before anything is judged
  static constexpr Duration kEvaluation = std::chrono::seconds(5);  // then this long to find the normal delay
  static constexpr Duration kThreshold = std::chrono::milliseconds(120);

  explicit SkewCompensation(uint32_t clock_rate) : clock_rate_(clock_rate) {}

  // Changes the packet's sequence number and timestamp; false: it is to be dropped.
  bool apply(RtpPacket& packet, Instant now);

 private:
  void begin(const RtpPacket& packet, Instant now);
  void judge(const RtpPacket& packet, Instant now);
  void correct(int64_t offset, uint32_t packet_duration);
  int64_t ticks(Duration time) const { return to_us(time) * clock_rate_ / 1'000'000; }

  uint32_t clock_rate_;
  bool started_ = false;
  uint32_t ssrc_ = 0;
  Instant first_at_{};
  uint32_t first_timestamp_ = 0;
  Instant evaluating_since_{};
  bool evaluating_ = false, active_ = false;
  int64_t estimate_ = 0, active_delay_ = 0;  // ticks
  uint16_t last_sequence_ = 0;
  uint32_t last_timestamp_ = 0;
  uint16_t sequence_offset_ = 0;
  uint32_t timestamp_offset_ = 0;
  int to_drop_ = 0;  // packets
};

}  // namespace limen::streaming
