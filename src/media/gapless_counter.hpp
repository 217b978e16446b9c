// GaplessCounter: renumbers a wrapping counter (sequence numbers, picture ids) so that what was left
// out on purpose leaves no gap, while losses and reordering stay as they were.
//
// A value; no allocation while nothing is left out. A shard's thread only.
#pragma once
#include <algorithm>
#include <cstdint>
#include <deque>
#include <optional>

namespace limen::media {

class GaplessCounter {
 public:
  // The counter is this many bits wide.
  explicit GaplessCounter(unsigned bits) : bits_(bits) {}

  // The new number; nothing if this one was left out before or is too old to tell.
  std::optional<uint32_t> map(uint32_t in);
  // This one will not be relayed.
  void leave_out(uint32_t in);
  // Another source: the next number mapped follows the highest one given out.
  void rebase() { based_ = false; }
  bool started() const { return started_; }

 private:
  static constexpr int64_t kWindow = 1024;  // how far behind the highest a number can still be told

  int64_t unwrap(uint32_t in) const;
  void base(uint32_t in);
  void advance(int64_t in);
  int64_t window() const { return std::min<int64_t>(kWindow, int64_t{1} << (bits_ - 1)); }

  unsigned bits_;
  bool based_ = false;
  bool started_ = false;
  int64_t highest_in_ = 0;
  int64_t highest_out_ = 0;
  int64_t offset_ = 0;            // out - in, before what was left out
  int64_t oldest_ = 0;            // numbers below cannot be told any more
  std::deque<int64_t> left_out_;  // sorted
};

}  // namespace limen::media
