// The time and the randomness that usrsctp sees: ours, while a UsrsctpClock lives.
//
// usrsctp reads gettimeofday() and its own read_random(); both are defined again in usrsctp_clock.cpp,
// so that a test program with usrsctp is on virtual time and repeatable. Outside of a UsrsctpClock
// gettimeofday() is the real one. One thread.
#pragma once
#include <cstdint>

#include "base/time.hpp"

namespace limen::test {

class UsrsctpClock {
 public:
  UsrsctpClock(Instant now, uint64_t seed);
  ~UsrsctpClock();
  UsrsctpClock(const UsrsctpClock&) = delete;
  UsrsctpClock& operator=(const UsrsctpClock&) = delete;
  // Runs usrsctp's timers up to then.
  void advance_to(Instant now);
};

}  // namespace limen::test
