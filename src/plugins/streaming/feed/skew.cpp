#include "plugins/streaming/feed/skew.hpp"

#include <algorithm>
#include <cstdlib>

namespace limen::streaming {

void SkewCompensation::begin(const RtpPacket& packet, Instant now) {
  *this = SkewCompensation(clock_rate_);
  started_ = true;
  ssrc_ = packet.ssrc;
  first_at_ = now;
  first_timestamp_ = packet.timestamp;
  last_sequence_ = packet.sequence;
  last_timestamp_ = packet.timestamp;
}

bool SkewCompensation::apply(RtpPacket& packet, Instant now) {
  if (!started_ || packet.ssrc != ssrc_) begin(packet, now);
  bool in_order = packet.sequence == static_cast<uint16_t>(last_sequence_ + 1);
  bool fresh = packet.timestamp != last_timestamp_;
  if (in_order && fresh && now - first_at_ >= kWait) judge(packet, now);
  if (sequence_newer(packet.sequence, last_sequence_)) {
    last_sequence_ = packet.sequence;
    last_timestamp_ = packet.timestamp;
  }
  if (to_drop_ > 0 && in_order) {
    --to_drop_;
    --sequence_offset_;
    return false;
  }
  packet.sequence = static_cast<uint16_t>(packet.sequence + sequence_offset_);
  packet.timestamp += timestamp_offset_;
  return true;
}

void SkewCompensation::judge(const RtpPacket& packet, Instant now) {
  auto sent = static_cast<int64_t>(static_cast<int32_t>(packet.timestamp - first_timestamp_)) +
              static_cast<int64_t>(static_cast<int32_t>(timestamp_offset_));
  int64_t delay = sent - ticks(now - first_at_);
  if (!evaluating_ && !active_) {
    evaluating_ = true;
    evaluating_since_ = now;
    estimate_ = active_delay_ = delay;
    return;
  }
  estimate_ = (63 * estimate_ + delay) / 64;
  int64_t offset = active_delay_ - estimate_;
  if (evaluating_) {
    if (std::abs(offset) > ticks(kThreshold) / 2) {
      // Not steady yet: from the beginning.
      evaluating_since_ = now;
      active_delay_ = estimate_;
    } else if (now - evaluating_since_ >= kEvaluation) {
      evaluating_ = false;
      active_ = true;
      active_delay_ = estimate_;
    }
    return;
  }
  correct(offset, packet.timestamp - last_timestamp_);
}

void SkewCompensation::correct(int64_t offset, uint32_t packet_duration) {
  int64_t threshold = ticks(kThreshold);
  if (std::abs(offset) < threshold) return;
  int64_t length = std::clamp<int64_t>(packet_duration, 1, threshold);
  auto packets = static_cast<int>((threshold + length - 1) / length);
  if (offset > 0) {
    timestamp_offset_ += static_cast<uint32_t>(threshold);
    sequence_offset_ = static_cast<uint16_t>(sequence_offset_ + packets);
    estimate_ += threshold;
  } else {
    timestamp_offset_ -= static_cast<uint32_t>(threshold);
    to_drop_ += packets;
    estimate_ -= threshold;
  }
}

}  // namespace limen::streaming
