#include "media/mixing/wav_file.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <limits>
#include <utility>

#include "base/log.hpp"

namespace limen::media {
namespace {

constexpr size_t kBlock = 16 * 1024;  // a job is worth it from here on
constexpr uint64_t kHeaderSeconds = 5;

void put16(uint8_t* to, uint32_t value) {
  to[0] = static_cast<uint8_t>(value);
  to[1] = static_cast<uint8_t>(value >> 8);
}
void put32(uint8_t* to, uint32_t value) {
  put16(to, value);
  put16(to + 2, value >> 16);
}

Result<> write_all(int fd, const uint8_t* bytes, size_t size) {
  size_t done = 0;
  while (done < size) {
    ssize_t written = ::write(fd, bytes + done, size - done);
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return fail("cannot write: {}", std::strerror(errno));
    done += static_cast<size_t>(written);
  }
  return {};
}

}  // namespace

std::array<uint8_t, kWavHeader> wav_header(uint32_t rate, uint16_t channels, uint64_t file_size) {
  auto size = static_cast<uint32_t>(std::min<uint64_t>(file_size, std::numeric_limits<uint32_t>::max()));
  std::array<uint8_t, kWavHeader> out{};
  std::memcpy(out.data(), "RIFF", 4);
  put32(&out[4], size > 8 ? size - 8 : 0);
  std::memcpy(&out[8], "WAVEfmt ", 8);
  put32(&out[16], 16);
  put16(&out[20], 1);  // PCM
  put16(&out[22], channels);
  put32(&out[24], rate);
  put32(&out[28], rate * channels * 2);
  put16(&out[32], channels * 2u);
  put16(&out[34], 16);
  std::memcpy(&out[36], "data", 4);
  put32(&out[40], size);
  return out;
}

Result<std::shared_ptr<WavFile>> WavFile::open(PluginContext& context, WavSpec spec,
                                               std::function<void(Result<>)> on_end) {
  if (spec.path.empty() || spec.path.find('\0') != std::string::npos) {
    return fail("'{}' is no name for a recording", spec.path);
  }
  if (!context.path_allowed(spec.path)) {
    return fail("Recording to '{}' is refused: the folder is protected", spec.path);
  }
  auto file = std::make_shared<WavFile>(Private{}, context, std::move(spec), std::move(on_end));
  file->work_later();  // the file is there before the first sample
  return file;
}

WavFile::WavFile(Private, PluginContext& context, WavSpec spec, std::function<void(Result<>)> on_end)
    : pool_(context.background()),
      control_(context.executor()),
      spec_(std::move(spec)),
      open_path_(spec_.path),
      on_end_(std::move(on_end)) {
  if (!spec_.tmp_extension.empty()) open_path_ += '.' + spec_.tmp_extension;
}

WavFile::~WavFile() {
  closing_ = true;
  work();
}

bool WavFile::append(std::span<const int16_t> samples) {
  bool enough = false;
  {
    std::lock_guard lock(queue_mutex_);
    if (closing_ || waiting_ + samples.size() * 2 > kMaxWaiting) {
      lost_.fetch_add(samples.size(), std::memory_order_relaxed);
      return false;
    }
    size_t at = queue_.size();
    queue_.resize(at + samples.size() * 2);
    for (int16_t sample : samples) {
      put16(&queue_[at], static_cast<uint16_t>(sample));
      at += 2;
    }
    waiting_ += samples.size() * 2;
    enough = queue_.size() >= kBlock;
  }
  if (enough) work_later();
  return true;
}

void WavFile::close() {
  {
    std::lock_guard lock(queue_mutex_);
    closing_ = true;
  }
  work_later();
}

void WavFile::work_later() {
  {
    std::lock_guard lock(queue_mutex_);
    if (std::exchange(job_there_, true)) return;
  }
  pool_.run([self = shared_from_this()] { self->work(); }, control_, [self = shared_from_this()] { self->tell_end(); });
}

void WavFile::work() {
  std::lock_guard file_lock(file_mutex_);
  for (;;) {
    std::vector<uint8_t> block;
    bool last = false;
    {
      std::lock_guard lock(queue_mutex_);
      block.swap(queue_);
      last = closing_;
      if (block.empty()) job_there_ = false;
    }
    if (!failure_ && (!block.empty() || !begun_)) take(write(block));
    {
      std::lock_guard lock(queue_mutex_);
      waiting_ -= block.size();
    }
    if (!block.empty()) continue;
    if (last && !std::exchange(finished_, true)) take(finish());
    return;
  }
}

void WavFile::take(Result<> result) {
  if (result || failure_) return;
  failure_ = std::move(result.error());
  log::error("", "Recording to '{}' ends: {}", spec_.path, failure_->text);
}

// Control thread; once.
void WavFile::tell_end() {
  std::optional<Error> failure;
  {
    std::lock_guard lock(file_mutex_);
    if (!failure_ && !finished_) return;
    failure = failure_;
  }
  auto tell = std::exchange(on_end_, {});
  if (!tell) return;
  if (failure) tell(std::unexpected(*failure));
  else tell({});
}

Result<> WavFile::begin() {
  begun_ = true;
  std::error_code error;
  std::filesystem::path folder = std::filesystem::path(open_path_).parent_path();
  if (!folder.empty()) std::filesystem::create_directories(folder, error);
  if (error) return fail("cannot make the folder '{}': {}", folder.string(), error.message());
  fd_ = ::open(open_path_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  if (fd_ < 0) return fail("cannot open '{}': {}", open_path_, std::strerror(errno));
  size_ = header_at_ = kWavHeader;
  auto header = wav_header(spec_.rate, spec_.channels, size_);
  return write_all(fd_, header.data(), header.size());
}

Result<> WavFile::write(const std::vector<uint8_t>& bytes) {
  if (!begun_) {
    if (auto done = begin(); !done) return done;
  }
  if (auto done = write_all(fd_, bytes.data(), bytes.size()); !done) return done;
  size_ += bytes.size();
  if (size_ - header_at_ < kHeaderSeconds * spec_.rate * spec_.channels * 2) return {};
  return update_header();
}

Result<> WavFile::update_header() {
  header_at_ = size_;
  auto header = wav_header(spec_.rate, spec_.channels, size_);
  if (::pwrite(fd_, header.data(), header.size(), 0) == static_cast<ssize_t>(header.size())) return {};
  return fail("cannot write the header: {}", std::strerror(errno));
}

Result<> WavFile::finish() {
  if (fd_ < 0) return {};
  Result<> header = failure_ ? Result<>() : update_header();
  bool closed = ::close(std::exchange(fd_, -1)) == 0;
  if (!header) return header;
  if (!closed) return fail("cannot close '{}': {}", open_path_, std::strerror(errno));
  if (open_path_ != spec_.path && std::rename(open_path_.c_str(), spec_.path.c_str()) != 0) {
    return fail("cannot rename '{}': {}", open_path_, std::strerror(errno));
  }
  return {};
}

}  // namespace limen::media
