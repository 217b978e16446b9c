// LatencyHistogram: percentiles of many durations in a few kilobytes.
//
// Buckets grow by an eighth of a power of two (12 % wide) from a microsecond to over a minute, so a
// million samples cost nothing and two histograms can be added. One thread.
#pragma once
#include <array>
#include <bit>
#include <cstdint>

#include "base/time.hpp"

namespace limen {

class LatencyHistogram {
 public:
  void add(Duration sample, uint64_t times = 1) {
    int64_t us = to_us(sample);
    buckets_[bucket(us < 0 ? 0 : static_cast<uint64_t>(us))] += times;
    if (sample > highest_) highest_ = sample;
    count_ += times;
    sum_ += sample * static_cast<int64_t>(times);
  }
  void add(const LatencyHistogram& other);
  void clear() { *this = {}; }

  uint64_t count() const { return count_; }
  Duration highest() const { return highest_; }
  Duration sum() const { return sum_; }
  // Samples below `bound`, exactly if it is 1, 1.5, 2, 3, 4, 6, 8 ... microseconds; else those of the whole buckets
  // below it.
  uint64_t count_below(Duration bound) const;
  // `share` in 0..1; the upper edge of the bucket that holds it. Zero if there are no samples.
  Duration percentile(double share) const;

 private:
  static constexpr size_t kBuckets = 8 * 24;
  static size_t bucket(uint64_t us) {
    if (us < 8) return us;
    int power = std::bit_width(us) - 4;  // us >> power is 8..15
    size_t at = static_cast<size_t>(power) * 8 + (us >> power);
    return at < kBuckets ? at : kBuckets - 1;
  }
  static uint64_t upper_edge(size_t at) {
    if (at < 8) return at;
    size_t power = at / 8 - 1;
    return ((at % 8 + 9) << power) - 1;
  }

  std::array<uint64_t, kBuckets> buckets_{};
  uint64_t count_ = 0;
  Duration highest_{0};
  Duration sum_{0};
};

}  // namespace limen
