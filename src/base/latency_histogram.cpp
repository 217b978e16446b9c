#include "base/latency_histogram.hpp"

#include <algorithm>

namespace limen {

void LatencyHistogram::add(const LatencyHistogram& other) {
  for (size_t i = 0; i < kBuckets; ++i) buckets_[i] += other.buckets_[i];
  count_ += other.count_;
  highest_ = std::max(highest_, other.highest_);
  sum_ += other.sum_;
}

uint64_t LatencyHistogram::count_below(Duration bound) const {
  uint64_t count = 0;
  for (size_t i = 0; i < kBuckets && std::chrono::microseconds(upper_edge(i) + 1) <= bound; ++i) count += buckets_[i];
  return count;
}

Duration LatencyHistogram::percentile(double share) const {
  if (count_ == 0) return Duration{0};
  auto wanted = static_cast<uint64_t>(share * static_cast<double>(count_ - 1));
  uint64_t passed = 0;
  for (size_t i = 0; i < kBuckets; ++i) {
    passed += buckets_[i];
    if (passed > wanted) return std::min<Duration>(std::chrono::microseconds(upper_edge(i)), highest_);
  }
  return highest_;
}

}  // namespace limen
