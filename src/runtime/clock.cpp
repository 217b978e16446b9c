#include "runtime/clock.hpp"

#include <time.h>

#include <chrono>

namespace limen::runtime {

Instant monotonic_now() {
  // An hour after the origin, so that "now - something" never underflows.
  static const auto start = std::chrono::steady_clock::now() - std::chrono::hours(1);
  return Instant(std::chrono::duration_cast<Duration>(std::chrono::steady_clock::now() - start));
}

WallTime wall_now() {
  auto since_epoch = std::chrono::system_clock::now().time_since_epoch();
  return {std::chrono::duration_cast<std::chrono::microseconds>(since_epoch).count()};
}

Duration thread_cpu_time() {
  timespec used{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used);
  return std::chrono::seconds(used.tv_sec) + Duration(used.tv_nsec);
}

}  // namespace limen::runtime
