// Backoff: how long to wait before the next attempt to reach a broker (spec 6.3): 100 ms, then half as
// much again each time, 5 s at most.
#pragma once
#include <algorithm>
#include <chrono>

namespace limen::brokers {

class Backoff {
 public:
  std::chrono::milliseconds next() {
    std::chrono::milliseconds now = pause_;
    pause_ = std::min(pause_ * 3 / 2, kLongest);
    return now;
  }
  void reset() { pause_ = kShortest; }

 private:
  static constexpr std::chrono::milliseconds kShortest{100};
  static constexpr std::chrono::milliseconds kLongest{5000};
  std::chrono::milliseconds pause_ = kShortest;
};

}  // namespace limen::brokers
