// WavFile: a mix being written as 16-bit PCM WAV, in the background (spec plugin-audiobridge 6.1).
//
// Opened on the control thread, then shared with a mixer on a shard. append() and close() may be called on
// any thread and only queue; a job of the background pool does the writing, in order. The sizes in the
// header are brought up to date every five seconds of audio and at the end.
#pragma once
#include <array>
#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "api/plugin.hpp"
#include "base/result.hpp"

namespace limen::media {

inline constexpr size_t kWavHeader = 44;
// The header of a file that is `file_size` bytes long now. Both sizes stop at what 32 bits hold. The data
// size is the whole file's, as the reference server writes it.
std::array<uint8_t, kWavHeader> wav_header(uint32_t rate, uint16_t channels, uint64_t file_size);

struct WavSpec {
  std::string path;           // as it will be when closed
  std::string tmp_extension;  // while open; empty: none
  uint32_t rate = 16000;
  uint16_t channels = 1;
};

class WavFile : public std::enable_shared_from_this<WavFile> {
 public:
  // More than this in wait for a slow disk is lost (and counted) until it has caught up.
  static constexpr size_t kMaxWaiting = 8 * 1024 * 1024;

  // Control thread. Fails for protected folders. `on_end` is called once, on the control thread, when the
  // file has been closed and renamed, or with why it could not be written.
  static Result<std::shared_ptr<WavFile>> open(PluginContext& context, WavSpec spec,
                                               std::function<void(Result<>)> on_end = {});
  ~WavFile();

  const std::string& path() const { return spec_.path; }
  // Whole frames: a multiple of the channels. False: too much is waiting, they are lost; or it is closed.
  bool append(std::span<const int16_t> samples);
  void close();
  uint64_t lost_samples() const { return lost_.load(std::memory_order_relaxed); }

 private:
  struct Private {};

 public:
  WavFile(Private, PluginContext& context, WavSpec spec, std::function<void(Result<>)> on_end);

 private:
  void work_later();
  void work();  // background thread, or whoever drops the last reference
  void tell_end();
  Result<> begin();
  Result<> write(const std::vector<uint8_t>& bytes);
  Result<> update_header();
  Result<> finish();
  void take(Result<> result);

  BackgroundPool& pool_;
  Executor& control_;
  WavSpec spec_;
  std::string open_path_;
  std::function<void(Result<>)> on_end_;
  std::atomic<uint64_t> lost_{0};

  std::mutex queue_mutex_;  // guards the next four; held for a moment
  std::vector<uint8_t> queue_;
  size_t waiting_ = 0;  // in the queue or being written
  bool closing_ = false;
  bool job_there_ = false;

  std::mutex file_mutex_;  // guards the rest: one writer at a time
  int fd_ = -1;
  uint64_t size_ = 0, header_at_ = 0;
  bool begun_ = false, finished_ = false;
  std::optional<Error> failure_;
};

}  // namespace limen::media
