// The operating system's clocks. The only place that reads them.
//
// Any thread.
#pragma once
#include "base/time.hpp"

namespace limen::runtime {

// Starts at one hour with the first call in this process.
Instant monotonic_now();
WallTime wall_now();
// How long the calling thread has computed.
Duration thread_cpu_time();

}  // namespace limen::runtime
