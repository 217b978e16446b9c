#include "tools/load/stream_tally.hpp"

namespace limen::load {

void StreamTotals::add(const StreamTotals& other) {
  received += other.received;
  expected += other.expected;
  duplicates += other.duplicates;
  reordered += other.reordered;
}

void StreamTally::add(uint16_t sequence) {
  ++totals_.received;
  if (!started_) {
    started_ = true;
    // Room below, so that an early straggler does not wrap.
    first_ = highest_ = (uint64_t{1} << 32) + sequence;
    seen_ = 1;
    totals_.expected = 1;
    return;
  }
  auto step = static_cast<int16_t>(sequence - static_cast<uint16_t>(highest_));
  if (step > 0) {
    highest_ += static_cast<uint64_t>(step);
    seen_ = step < 64 ? seen_ << step | 1 : 1;
    totals_.expected = highest_ - first_ + 1;
    return;
  }
  auto back = static_cast<uint64_t>(-static_cast<int32_t>(step));
  if (highest_ - back < floor_) {  // belongs to what was counted before
    --totals_.received;
    return;
  }
  if (back < 64 && (seen_ >> back & 1) != 0) {
    ++totals_.duplicates;
    return;
  }
  if (back < 64) seen_ |= uint64_t{1} << back;
  ++totals_.reordered;
  if (highest_ - back < first_) {
    first_ = highest_ - back;
    totals_.expected = highest_ - first_ + 1;
  }
}

void StreamTally::restart() {
  totals_ = {};
  first_ = floor_ = highest_ + 1;
}

}  // namespace limen::load
