// CaptureFile: packets of one handle on their way to a capture file (spec 5.3).
//
// write() on the handle's shard: it copies into a bounded queue and never waits for the disk; a
// background thread writes. What the queue cannot take is dropped and counted.
#pragma once
#include <atomic>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <mutex>
#include <string>

#include "base/executor.hpp"
#include "base/result.hpp"
#include "core/media/capture_format.hpp"

namespace limen::core {

struct CaptureOptions {
  std::string path;
  bool text = false;    // else pcap
  size_t truncate = 0;  // bytes kept of a packet; 0: all
  std::string tail;     // of text lines
};

class CaptureFile : public std::enable_shared_from_this<CaptureFile> {
 public:
  static constexpr size_t kMostQueued = 4 * 1024 * 1024;  // bytes

  // Makes folders as needed (0755) and opens the file for appending. It blocks: a background thread's
  // work. `pool` and `back` outlive the file; `back` is where the pool reports to.
  static Result<std::shared_ptr<CaptureFile>> open(CaptureOptions options, BackgroundPool& pool, Executor& back);
  ~CaptureFile();
  CaptureFile(const CaptureFile&) = delete;
  CaptureFile& operator=(const CaptureFile&) = delete;

  void write(rtc::PlainKind kind, bool incoming, Bytes bytes, WallTime when);
  // Packets the queue could not take, or the disk refused.
  uint64_t dropped() const { return dropped_; }
  const CaptureOptions& options() const { return options_; }

 private:
  using File = std::unique_ptr<std::FILE, int (*)(std::FILE*)>;
  CaptureFile(CaptureOptions options, File file, BackgroundPool& pool, Executor& back)
      : options_(std::move(options)), file_(std::move(file)), pool_(pool), back_(back) {}
  void put(std::string_view text);
  void drain();

  CaptureOptions options_;
  File file_;
  BackgroundPool& pool_;
  Executor& back_;
  std::mutex mutex_;
  std::string queue_;
  bool draining_ = false;
  std::atomic<uint64_t> dropped_ = 0;
};

}  // namespace limen::core
