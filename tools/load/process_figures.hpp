// CPU time and memory of a process, from /proc. Any thread.
#pragma once
#include <optional>

#include "base/time.hpp"

namespace limen::load {

struct ProcessFigures {
  Duration cpu{0};      // user and system, all threads, also those that have ended
  size_t resident = 0;  // bytes
  size_t threads = 0;
};

// Nothing if there is no such process.
std::optional<ProcessFigures> process_figures(int pid);
Duration own_cpu();

}  // namespace limen::load
