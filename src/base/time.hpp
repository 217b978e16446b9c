// Time as a value.
//
// Everything below runtime/ receives `Instant now` as an argument and never reads a clock; only
// runtime/ converts the operating system's monotonic clock to Instant, and tests make up their own.
// Unit: nanoseconds since an arbitrary origin (the start of the process).
#pragma once
#include <chrono>
#include <cstdint>

namespace limen {

using Duration = std::chrono::nanoseconds;

// Tag for chrono: has no now(), so nobody below runtime/ can ask it for the time.
struct MonotonicClock {
  using rep = Duration::rep;
  using period = Duration::period;
  using duration = Duration;
  using time_point = std::chrono::time_point<MonotonicClock, Duration>;
  static constexpr bool is_steady = true;
};

using Instant = MonotonicClock::time_point;

// "No deadline": later than everything.
inline constexpr Instant kNever = Instant::max();

// Microseconds since the Unix epoch: what the Janus API calls real time.
struct WallTime {
  int64_t us = 0;
  friend auto operator<=>(WallTime, WallTime) = default;
};

constexpr int64_t to_us(Duration d) {
  return std::chrono::duration_cast<std::chrono::microseconds>(d).count();
}
constexpr int64_t to_ms(Duration d) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(d).count();
}
// Microseconds since the origin: the "monotonic" timestamps of the Janus API.
constexpr int64_t to_us(Instant t) {
  return to_us(t.time_since_epoch());
}

}  // namespace limen
