// PlaybackFile: the frames of one .mjr recording in the order of their timestamps, read ahead in the
// background; memory does not depend on the recording's length.
//
// Opened on a background thread; then one shard takes blocks. Order: within a window of kWindowFrames or
// kWindowBytes; a frame that comes later still is dropped and counted, and so are repetitions.
#pragma once
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "base/executor.hpp"
#include "base/result.hpp"
#include "wire/mjr/mjr_header.hpp"
#include "wire/mjr/mjr_stream_reader.hpp"

namespace limen::media {

struct PlaybackFrame {
  size_t offset = 0, size = 0;  // in the block's bytes
  int64_t time = 0;             // audio, video: RTP timestamp without wraps; data: microseconds since 1970
};

struct PlaybackBlock {
  std::vector<uint8_t> bytes;
  std::vector<PlaybackFrame> frames;
  bool last = false;  // nothing comes behind it
};

// The header alone. A background thread: it blocks.
Result<mjr::Header> read_recording_header(const std::string& path);

class PlaybackFile : public std::enable_shared_from_this<PlaybackFile> {
 public:
  static constexpr size_t kWindowFrames = 512;
  static constexpr size_t kWindowBytes = 1024 * 1024;
  static constexpr size_t kBlockBytes = 64 * 1024;

  // Fails if there is no readable file, no header, or not a single frame. `pool` and `back` must outlive it.
  static Result<std::shared_ptr<PlaybackFile>> open(const std::string& path, BackgroundPool& pool, Executor& back);
  ~PlaybackFile();
  PlaybackFile(const PlaybackFile&) = delete;
  PlaybackFile& operator=(const PlaybackFile&) = delete;

  const mjr::Header& header() const { return *reader_.header(); }
  // The next block, and reading goes on behind it; nothing: not read yet, ask again.
  std::unique_ptr<PlaybackBlock> take();
  uint64_t dropped() const;  // malformed, late or repeated frames

 private:
  PlaybackFile(int fd, BackgroundPool& pool, Executor& back) : pool_(pool), back_(back), fd_(fd) {}
  using Order = std::pair<int64_t, int64_t>;  // timestamp and sequence number, both without wraps

  Result<> begin();
  void read_block();
  bool read_more();
  bool take_in(const mjr::Frame& frame);
  bool window_full() const { return window_.size() > kWindowFrames || window_bytes_ > kWindowBytes; }
  void let_go(PlaybackBlock& block);

  BackgroundPool& pool_;
  Executor& back_;

  mutable std::mutex ready_mutex_;  // guards the next four
  std::unique_ptr<PlaybackBlock> ready_;
  bool job_there_ = false;
  bool over_ = false;  // the last block was made
  uint64_t dropped_ = 0;

  // One reader at a time.
  int fd_;
  mjr::StreamReader reader_;
  bool file_over_ = false;
  std::map<Order, std::vector<uint8_t>> window_;
  size_t window_bytes_ = 0;
  bool based_ = false;
  Order newest_{};
  bool let_go_any_ = false;
  Order last_let_go_{};
  int64_t data_count_ = 0;
};

}  // namespace limen::media
