// Backoff: how long to wait before the next attempt: the configured time for the first ones, then ever longer, up to a
// minute. Values.
#pragma once
#include <algorithm>

#include "base/time.hpp"

namespace limen::streaming {

class Backoff {
 public:
  explicit Backoff(Duration first) : first_(std::max<Duration>(first, std::chrono::milliseconds(100))) {}

  // After a failed attempt.
  Duration next() {
    ++failures_;
    Duration wait = first_;
    for (int i = kSteady; i < failures_ && wait < kLongest; ++i) wait *= 2;
    return std::max(first_, std::min(wait, kLongest));
  }
  void reset() { failures_ = 0; }

 private:
  static constexpr int kSteady = 6;  // attempts with the first wait
  static constexpr Duration kLongest = std::chrono::minutes(1);
  Duration first_;
  int failures_ = 0;
};

}  // namespace limen::streaming
