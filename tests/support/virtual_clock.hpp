// VirtualClock: the time of a test, which moves only when the test says so.
//
// Starts an hour after the origin so that "now - something" never underflows. One thread.
#pragma once
#include "base/time.hpp"

namespace limen::test {

class VirtualClock {
 public:
  Instant now() const { return now_; }
  // 2023-11-14T22:13:20Z at the start, in step with now().
  WallTime wall_time() const { return {1'700'000'000'000'000 + to_us(now_ - kStart)}; }

  void advance_to(Instant when) {
    if (when > now_) now_ = when;
  }
  void advance(Duration step) { advance_to(now_ + step); }
  Duration elapsed() const { return now_ - kStart; }

 private:
  static constexpr Instant kStart{std::chrono::hours(1)};
  Instant now_ = kStart;
};

}  // namespace limen::test
