#include "media/recording/playback_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include "base/packet.hpp"
#include "wire/rtp/rtp_parser.hpp"

namespace limen::media {
namespace {

constexpr size_t kChunk = 32 * 1024;

// Only plain files: opening a pipe or a device would block, or worse.
Result<int> open_plain(const std::string& path) {
  int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0) return fail("cannot open '{}': {}", path, std::strerror(errno));
  struct stat status{};
  if (::fstat(fd, &status) == 0 && S_ISREG(status.st_mode)) return fd;
  ::close(fd);
  return fail("'{}' is not a plain file", path);
}

ssize_t read_some(int fd, std::vector<uint8_t>& chunk) {
  chunk.resize(kChunk);
  ssize_t size = 0;
  do size = ::read(fd, chunk.data(), chunk.size());
  while (size < 0 && errno == EINTR);
  chunk.resize(size > 0 ? static_cast<size_t>(size) : 0);
  return size;
}

}  // namespace

Result<mjr::Header> read_recording_header(const std::string& path) {
  auto fd = open_plain(path);
  if (!fd) return std::unexpected(fd.error());
  mjr::StreamReader reader;
  mjr::Frame frame;
  std::vector<uint8_t> chunk;
  while (!reader.header() && read_some(*fd, chunk) > 0) {
    reader.add(chunk);
    if (reader.next(frame) == mjr::StreamReader::Step::broken) break;
  }
  ::close(*fd);
  if (reader.header()) return *reader.header();
  return fail("'{}': {}", path, reader.error().text.empty() ? "nothing was recorded" : reader.error().text);
}

Result<std::shared_ptr<PlaybackFile>> PlaybackFile::open(const std::string& path, BackgroundPool& pool,
                                                         Executor& back) {
  auto fd = open_plain(path);
  if (!fd) return std::unexpected(fd.error());
  std::shared_ptr<PlaybackFile> file(new PlaybackFile(*fd, pool, back));
  if (auto begun = file->begin(); !begun) return fail("'{}': {}", path, begun.error().text);
  return file;
}

PlaybackFile::~PlaybackFile() {
  ::close(fd_);
}

Result<> PlaybackFile::begin() {
  read_block();
  if (!reader_.header()) {
    return fail("{}", reader_.error().text.empty() ? "nothing was recorded" : reader_.error().text);
  }
  if (ready_->frames.empty()) return fail("there is not a single frame");
  return {};
}

std::unique_ptr<PlaybackBlock> PlaybackFile::take() {
  std::unique_ptr<PlaybackBlock> block;
  {
    std::lock_guard lock(ready_mutex_);
    block = std::move(ready_);
    if (over_ || std::exchange(job_there_, true)) return block;
  }
  pool_.run([self = shared_from_this()] { self->read_block(); }, back_, [] {});
  return block;
}

uint64_t PlaybackFile::dropped() const {
  std::lock_guard lock(ready_mutex_);
  return dropped_;
}

void PlaybackFile::read_block() {
  auto block = std::make_unique<PlaybackBlock>();
  uint64_t dropped = 0;
  mjr::Frame frame;
  while (block->bytes.size() < kBlockBytes && !(file_over_ && window_.empty())) {
    mjr::StreamReader::Step step = file_over_ ? mjr::StreamReader::Step::broken : reader_.next(frame);
    if (step == mjr::StreamReader::Step::frame) {
      if (!take_in(frame)) ++dropped;
    } else if (step == mjr::StreamReader::Step::broken || !read_more()) {
      file_over_ = true;
    }
    if (file_over_ || window_full()) let_go(*block);
  }
  block->last = file_over_ && window_.empty();
  std::lock_guard lock(ready_mutex_);
  over_ = block->last;
  ready_ = std::move(block);
  job_there_ = false;
  dropped_ += dropped;
}

bool PlaybackFile::read_more() {
  std::vector<uint8_t> chunk;
  if (read_some(fd_, chunk) <= 0) return false;
  reader_.add(chunk);
  return true;
}

bool PlaybackFile::take_in(const mjr::Frame& frame) {
  Order order;
  if (reader_.header()->kind == MediaKind::data) {
    order = {data_count_ == 0 ? frame.data_time.us : std::max(newest_.first, frame.data_time.us), data_count_};
    ++data_count_;
  } else {
    auto header = parse_rtp_header(frame.bytes);
    if (!header || frame.bytes.size() > kMaxDatagram) return false;
    if (!based_) newest_ = {header->timestamp, header->sequence};
    order.first = newest_.first + static_cast<int32_t>(header->timestamp - static_cast<uint32_t>(newest_.first));
    order.second = newest_.second + static_cast<int16_t>(header->sequence - static_cast<uint16_t>(newest_.second));
  }
  if (let_go_any_ && order <= last_let_go_) return false;
  auto [at, added] = window_.try_emplace(order, frame.bytes.begin(), frame.bytes.end());
  if (!added) return false;
  window_bytes_ += frame.bytes.size();
  newest_ = based_ ? std::max(newest_, order) : order;
  based_ = true;
  return true;
}

void PlaybackFile::let_go(PlaybackBlock& block) {
  if (window_.empty()) return;
  auto first = window_.begin();
  block.frames.push_back({block.bytes.size(), first->second.size(), first->first.first});
  block.bytes.insert(block.bytes.end(), first->second.begin(), first->second.end());
  window_bytes_ -= first->second.size();
  let_go_any_ = true;
  last_let_go_ = first->first;
  window_.erase(first);
}

}  // namespace limen::media
