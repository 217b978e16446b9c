// LineWriter: appends texts to a file on a thread of its own, in order.
//
// push() from any thread. Everything queued is written before destruction ends.
#pragma once
#include <condition_variable>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "base/result.hpp"

namespace limen::json_file {

class LineWriter {
 public:
  static constexpr size_t kMostQueued = 8 * 1024 * 1024;  // bytes

  static Result<std::unique_ptr<LineWriter>> open(const std::string& path);
  ~LineWriter();
  LineWriter(const LineWriter&) = delete;
  LineWriter& operator=(const LineWriter&) = delete;

  // False: it was dropped, the queue is full.
  bool push(std::string_view text);
  // Opens the path anew (log rotation), after what was queued before. If that fails the old file goes on.
  void reopen();
  // Texts dropped from the full queue, and writes that the disk refused.
  uint64_t dropped() const;

 private:
  using File = std::unique_ptr<std::FILE, int (*)(std::FILE*)>;
  LineWriter(std::string path, File file);
  void serve();
  void open_anew();
  void write(const std::string& batch);

  std::string path_;
  File file_;
  mutable std::mutex mutex_;
  std::condition_variable wake_;
  std::string queue_;
  uint64_t dropped_ = 0;
  bool reopen_ = false;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace limen::json_file
