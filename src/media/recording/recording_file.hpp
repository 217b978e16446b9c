// RecordingFile: one .mjr file being written, in the background: directory, temporary name, renaming
// (spec core 7.14, recordings 2).
//
// Opened on the control thread, then shared with a Recorder on a shard. append() and close() may be called
// on any thread and only queue; a job of the background pool does the writing, in order. What the pool does
// not come to before the server ends is written when the last reference goes.
#pragma once
#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "api/plugin.hpp"
#include "base/result.hpp"
#include "base/time.hpp"
#include "wire/mjr/mjr_header.hpp"

namespace limen::media {

struct RecordingSpec {
  std::string folder;  // made if it is not there; empty: what `name` says
  std::string name;    // without ".mjr"; may have folders in it
  mjr::Header header;  // kind, codec, fmtp, description, extensions ...; the times are filled in
};

class RecordingFile : public std::enable_shared_from_this<RecordingFile> {
 public:
  // More than this in wait for a slow disk is lost (and counted) until it has caught up.
  static constexpr size_t kMaxWaiting = 16 * 1024 * 1024;

  // Control thread. Fails for protected folders and for codecs that cannot be recorded. What goes wrong
  // with the file itself is logged, told to `on_error` once, on the control thread (when the plugin's
  // handle may have gone), and ends the writing. `on_closed`: the same way, when the file has its final name.
  static Result<std::shared_ptr<RecordingFile>> open(PluginContext& context, RecordingSpec spec,
                                                     std::function<void(const Error&)> on_error = {},
                                                     std::function<void()> on_closed = {});
  ~RecordingFile();

  // Control thread: calls back there, once, when the file has been made (true) or could not be.
  void when_opened(std::function<void(bool)> told);

  // "<folder>/<name>.mjr", as it will be when closed.
  const std::string& path() const { return path_; }
  const mjr::Header& header() const { return header_; }
  // Real time of a moment.
  WallTime wall_time(Instant at) const;

  // False: too much is waiting, the bytes are lost; or it is closed.
  bool append(std::vector<uint8_t> bytes);
  // Flushes, closes and renames, later. Idempotent.
  void close();

 private:
  struct Private {};

 public:
  RecordingFile(Private, PluginContext& context, RecordingSpec spec, std::function<void(const Error&)> on_error,
                std::function<void()> on_closed);

 private:
  void work_later();
  void work();  // background thread, or whoever drops the last reference
  void take(Result<> result);
  void tell_outcome();
  Result<> begin();
  Result<> write(const std::vector<uint8_t>& bytes);
  Result<> finish();

  BackgroundPool& pool_;
  Executor& control_;
  std::string path_, open_path_;
  mjr::Header header_;
  Instant created_at_;
  std::function<void(const Error&)> on_error_;
  std::function<void()> on_closed_;
  std::function<void(bool)> on_opened_;  // like the two above: control thread
  std::optional<bool> opened_;           // what the first job made of it

  std::atomic<size_t> waiting_bytes_{0};
  std::mutex queue_mutex_;  // guards the next three; held for a moment, by shards once per block
  std::vector<std::vector<uint8_t>> queue_;
  bool closing_ = false;
  bool job_there_ = false;

  std::mutex file_mutex_;  // guards the rest: one writer at a time
  int fd_ = -1;
  std::optional<Error> failure_;  // nothing is written any more
  bool finished_ = false;
};

}  // namespace limen::media
