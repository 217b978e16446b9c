// The operating system's clocks. The only place that reads them.
//
// Any thread.
#pragma once
#include "base/time.hpp"

namespace limen::runtime {

// Starts at one hour with the first call in this process.
Instant monotonic_now();
WallTime wall_now();

}  // namespace limen::runtime
