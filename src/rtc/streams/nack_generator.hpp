// NackGenerator: which packets of one incoming stream are missing, and when to ask for each.
//
// A hole is asked for at once, apart from a tolerance as long as the reordering this stream has
// shown lately; again after a round trip; and given up when it is too old to be of use. Memory is
// bounded; it is allocated with the first hole. A shard's thread only. RFC 4585 section 6.2.1.
#pragma once
#include <cstdint>
#include <span>
#include <vector>

#include "base/time.hpp"

namespace limen::rtc {

class NackGenerator {
 public:
  static constexpr size_t kMaxMissing = 256;
  static constexpr uint8_t kMaxTries = 10;
  static constexpr Duration kMaxAge = std::chrono::seconds(1);
  static constexpr Duration kMaxTolerance = std::chrono::milliseconds(30);
  static constexpr Duration kMinRetry = std::chrono::milliseconds(25);
  static constexpr Duration kDefaultRtt = std::chrono::milliseconds(100);

  // Every new packet, with its extended sequence number. `retransmitted`: it is known to be an
  // answer to a NACK, so it says nothing about reordering.
  void on_packet(uint64_t sequence, bool retransmitted, Instant now);
  // One of the first packets of a keyframe: what was sent before the frame is not needed any more.
  // A hole directly before it may be the frame's own beginning and stays.
  void on_keyframe(uint64_t sequence);
  void clear() { missing_.clear(); }

  // kNever if nothing is missing.
  Instant next_deadline() const { return missing_.empty() ? kNever : next_; }
  // The numbers to ask for now, ascending; each is due again after a round trip: `rtt` (zero: unknown)
  // or what earlier answers took, if that is longer.
  size_t collect(Instant now, Duration rtt, std::span<uint16_t> out);

  size_t pending() const { return missing_.size(); }
  uint64_t given_up() const { return given_up_; }
  Duration tolerance() const { return tolerance_; }

 private:
  struct Missing {
    uint64_t sequence;
    Instant since;
    Instant due;
    Instant asked;  // first
    uint8_t tries;
  };
  void add_hole(uint64_t first, uint64_t end, Instant now);
  void fill(uint64_t sequence, bool retransmitted, Instant now);
  void learn_answer(const Missing& missing, Instant now);
  void find_next();

  std::vector<Missing> missing_;  // ascending
  uint64_t highest_ = 0;          // 0: nothing yet
  uint64_t given_up_ = 0;
  Duration tolerance_{0};
  Duration rtt_ = kDefaultRtt;
  Duration answer_{0};  // from asking to the answer, smoothed; zero: none yet
  Instant next_ = kNever;
};

}  // namespace limen::rtc
