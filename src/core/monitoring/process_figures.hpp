// ProcessFigures: what the operating system says about this process, for metrics. Reads /proc: not on a loop.
#pragma once
#include <cstdint>

namespace limen::core {

struct ProcessFigures {
  double cpu_seconds = 0;
  double started_at = 0;  // seconds since the Unix epoch
  uint64_t resident_bytes = 0, virtual_bytes = 0;
  uint64_t open_files = 0, most_open_files = 0;
  uint64_t threads = 0;
};

ProcessFigures read_process_figures();

}  // namespace limen::core
