// The process around the server: background mode, PID file, limits.
#pragma once
#include <string>

#include "base/result.hpp"

namespace limen::app {

// Held while running; the file is unlinked at the end (spec 1.3).
class PidFile {
 public:
  PidFile() = default;
  PidFile(PidFile&& other) noexcept;
  PidFile& operator=(PidFile&& other) noexcept;
  ~PidFile();
  // Creates, locks and fills `path`. An error: cannot be created, or another process holds it.
  static Result<PidFile> acquire(const std::string& path);

 private:
  int file_ = -1;
  std::string path_;
};

// Forks. In the parent this never returns: it waits until the child reports and exits with the
// child's result. In the child it returns the channel for report_started() (spec 1.2).
Result<int> become_daemon(const std::string& working_folder, bool keep_stdout);
// Tells the waiting parent that all is well (0) or why not; closes the channel.
void report_started(int channel, int result);

// Core dumps allowed, as many open files as the hard limit permits; checks `least` (0: none).
Result<> set_process_limits(int64_t least_open_files);

}  // namespace limen::app
