#include "tests/oracle/usrsctp_clock.hpp"

#include <sys/time.h>
#include <time.h>
#include <usrsctp.h>

#include <algorithm>
#include <optional>

#include "tests/support/seeded_random.hpp"

namespace {
std::optional<limen::Instant> g_now;
// For usrsctp time never goes back, although each test begins at the same hour.
limen::Duration g_past{};
limen::Instant g_started;
limen::test::SeededRandom g_random(1);
}  // namespace

namespace limen::test {

UsrsctpClock::UsrsctpClock(Instant now, uint64_t seed) {
  g_now = g_started = now;
  g_random = SeededRandom(seed);
}

UsrsctpClock::~UsrsctpClock() {
  g_past += *g_now - g_started + std::chrono::minutes(10);
  usrsctp_handle_timers(1000);
  g_now.reset();
}

void UsrsctpClock::advance_to(Instant now) {
  // Its clock ticks in milliseconds; what is left over comes with the next call.
  while (*g_now + std::chrono::milliseconds(1) <= now) {
    auto step = std::chrono::duration_cast<std::chrono::milliseconds>(now - *g_now);
    step = std::min(step, std::chrono::milliseconds(10));
    *g_now += step;
    usrsctp_handle_timers(static_cast<uint32_t>(step.count()));
  }
}

}  // namespace limen::test

// Takes the place of the C library's.
extern "C" int gettimeofday(timeval* out, void*) noexcept {
  if (g_now) {
    int64_t us = limen::to_us(*g_now - g_started + g_past);
    out->tv_sec = 1'700'000'000 + us / 1'000'000;
    out->tv_usec = us % 1'000'000;
    return 0;
  }
  timespec now{};
  clock_gettime(CLOCK_REALTIME, &now);
  out->tv_sec = now.tv_sec;
  out->tv_usec = now.tv_nsec / 1000;
  return 0;
}

// Takes the place of usrsctp's.
extern "C" void read_random(void* out, size_t size) {
  g_random.fill({static_cast<uint8_t*>(out), size});
}
