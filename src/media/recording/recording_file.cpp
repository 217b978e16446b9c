#include "media/recording/recording_file.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <utility>

#include "base/log.hpp"
#include "wire/mjr/mjr_writer.hpp"

namespace limen::media {
namespace {

std::string path_of(const RecordingSpec& spec) {
  std::string path = spec.folder;
  if (!path.empty() && path.back() != '/') path += '/';
  return path + spec.name + ".mjr";
}

}  // namespace

Result<std::shared_ptr<RecordingFile>> RecordingFile::open(PluginContext& context, RecordingSpec spec,
                                                           std::function<void(const Error&)> on_error,
                                                           std::function<void()> on_closed) {
  if (!mjr::is_recordable(spec.header.kind, spec.header.codec)) {
    return fail("Codec '{}' cannot be recorded", spec.header.codec);
  }
  std::string path = path_of(spec);
  if (spec.name.empty() || path.find('\0') != std::string::npos) return fail("'{}' is no name for a recording", path);
  if (!context.path_allowed(path)) return fail("Recording to '{}' is refused: the folder is protected", path);
  auto file =
      std::make_shared<RecordingFile>(Private{}, context, std::move(spec), std::move(on_error), std::move(on_closed));
  file->work_later();  // the file is there before the first frame
  return file;
}

RecordingFile::RecordingFile(Private, PluginContext& context, RecordingSpec spec,
                             std::function<void(const Error&)> on_error, std::function<void()> on_closed)
    : pool_(context.background()),
      control_(context.executor()),
      path_(path_of(spec)),
      open_path_(path_),
      header_(std::move(spec.header)),
      created_at_(control_.now()),
      on_error_(std::move(on_error)),
      on_closed_(std::move(on_closed)) {
  std::string extension = context.recordings_tmp_ext();
  if (!extension.empty()) open_path_ += '.' + extension;
  header_.created = control_.wall_time();
  std::erase_if(header_.extensions,
                [](const auto& extension_of) { return extension_of.first < 1 || extension_of.first > 15; });
  std::vector<uint8_t> magic;
  mjr::append_magic(magic);
  waiting_bytes_ = magic.size();
  queue_.push_back(std::move(magic));
}

RecordingFile::~RecordingFile() {
  closing_ = true;
  work();
}

void RecordingFile::when_opened(std::function<void(bool)> told) {
  if (opened_) told(*opened_);
  else on_opened_ = std::move(told);
}

WallTime RecordingFile::wall_time(Instant at) const {
  return WallTime{header_.created.us + to_us(at - created_at_)};
}

bool RecordingFile::append(std::vector<uint8_t> bytes) {
  if (waiting_bytes_.load(std::memory_order_relaxed) + bytes.size() > kMaxWaiting) return false;
  {
    std::lock_guard lock(queue_mutex_);
    if (closing_) return false;
    waiting_bytes_.fetch_add(bytes.size(), std::memory_order_relaxed);
    queue_.push_back(std::move(bytes));
  }
  work_later();
  return true;
}

void RecordingFile::close() {
  {
    std::lock_guard lock(queue_mutex_);
    closing_ = true;
  }
  work_later();
}

void RecordingFile::work_later() {
  {
    std::lock_guard lock(queue_mutex_);
    if (std::exchange(job_there_, true)) return;
  }
  pool_.run([self = shared_from_this()] { self->work(); }, control_,
            [self = shared_from_this()] { self->tell_outcome(); });
}

void RecordingFile::work() {
  std::lock_guard file_lock(file_mutex_);
  for (;;) {
    std::vector<std::vector<uint8_t>> blocks;
    bool last = false;
    {
      std::lock_guard lock(queue_mutex_);
      blocks.swap(queue_);
      last = closing_;
      if (blocks.empty()) job_there_ = false;
    }
    for (const std::vector<uint8_t>& block : blocks) {
      waiting_bytes_.fetch_sub(block.size(), std::memory_order_relaxed);
      if (!failure_) take(write(block));
    }
    if (!blocks.empty()) continue;
    if (last && !std::exchange(finished_, true)) take(finish());
    return;
  }
}

void RecordingFile::take(Result<> result) {
  if (result || failure_) return;
  failure_ = std::move(result.error());
  log::error("", "Recording to '{}' ends: {}", path_, failure_->text);
}

// Control thread; each once.
void RecordingFile::tell_outcome() {
  std::optional<Error> failure;
  bool finished = false;
  {
    std::lock_guard lock(file_mutex_);
    failure = failure_;
    finished = finished_;
  }
  if (!opened_) {
    opened_ = !failure;
    if (on_opened_) std::exchange(on_opened_, {})(*opened_);
  }
  if (failure && on_error_) std::exchange(on_error_, {})(*failure);
  if (finished && on_closed_) std::exchange(on_closed_, {})();
}

Result<> RecordingFile::begin() {
  std::error_code error;
  std::filesystem::path folder = std::filesystem::path(open_path_).parent_path();
  if (!folder.empty()) std::filesystem::create_directories(folder, error);
  if (error) return fail("cannot make the folder '{}': {}", folder.string(), error.message());
  fd_ = ::open(open_path_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  if (fd_ < 0) return fail("cannot open '{}': {}", open_path_, std::strerror(errno));
  return {};
}

Result<> RecordingFile::write(const std::vector<uint8_t>& bytes) {
  if (fd_ < 0) {
    if (auto begun = begin(); !begun) return begun;
  }
  size_t done = 0;
  while (done < bytes.size()) {
    ssize_t written = ::write(fd_, bytes.data() + done, bytes.size() - done);
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return fail("cannot write: {}", std::strerror(errno));
    done += static_cast<size_t>(written);
  }
  return {};
}

Result<> RecordingFile::finish() {
  if (fd_ < 0) return {};
  bool closed = ::close(std::exchange(fd_, -1)) == 0;
  if (!closed) return fail("cannot close '{}': {}", open_path_, std::strerror(errno));
  if (open_path_ != path_ && std::rename(open_path_.c_str(), path_.c_str()) != 0) {
    return fail("cannot rename '{}': {}", open_path_, std::strerror(errno));
  }
  return {};
}

}  // namespace limen::media
