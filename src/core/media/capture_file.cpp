#include "core/media/capture_file.hpp"

#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "base/log.hpp"

namespace limen::core {
namespace {

Result<> make_folders(const std::string& path) {
  for (size_t slash = path.find('/', 1); slash != std::string::npos; slash = path.find('/', slash + 1)) {
    std::string folder = path.substr(0, slash);
    if (::mkdir(folder.c_str(), 0755) != 0 && errno != EEXIST) {
      return fail("Folder {} cannot be made: {}", folder, std::strerror(errno));
    }
  }
  return {};
}

}  // namespace

Result<std::shared_ptr<CaptureFile>> CaptureFile::open(CaptureOptions options, BackgroundPool& pool, Executor& back) {
  if (Result<> made = make_folders(options.path); !made) return std::unexpected(made.error());
  File file(std::fopen(options.path.c_str(), "abe"), std::fclose);
  if (!file) return fail("{} cannot be opened: {}", options.path, std::strerror(errno));
  bool begins = std::fseek(file.get(), 0, SEEK_END) == 0 && std::ftell(file.get()) == 0;
  auto capture = std::shared_ptr<CaptureFile>(new CaptureFile(std::move(options), std::move(file), pool, back));
  if (begins && !capture->options_.text) capture->put(pcap_header());
  return capture;
}

CaptureFile::~CaptureFile() {
  // Usually nothing: the jobs that write keep the file. At the end of the server there are no more jobs.
  if (!queue_.empty()) put(queue_);
  if (dropped_ != 0) log::warning("", "Capture {}: {} packets are missing", options_.path, dropped_.load());
}

void CaptureFile::write(rtc::PlainKind kind, bool incoming, Bytes bytes, WallTime when) {
  if (kind == rtc::PlainKind::data && !options_.text) return;  // pcap has RTP and RTCP only
  size_t size = bytes.size();
  if (options_.truncate != 0) bytes = bytes.first(std::min(size, options_.truncate));
  CapturedPacket packet{kind, incoming, when, bytes, size};
  std::string written = options_.text ? text2pcap_line(packet, options_.tail) : pcap_record(packet);
  {
    std::scoped_lock lock(mutex_);
    if (queue_.size() + written.size() > kMostQueued) {
      ++dropped_;
      return;
    }
    queue_ += written;
    if (std::exchange(draining_, true)) return;
  }
  pool_.run([self = shared_from_this()] { self->drain(); }, back_, [] {});
}

void CaptureFile::drain() {
  std::string batch;
  for (;;) {
    {
      std::scoped_lock lock(mutex_);
      if (queue_.empty()) {
        draining_ = false;
        return;
      }
      batch.clear();
      std::swap(batch, queue_);
    }
    put(batch);
  }
}

void CaptureFile::put(std::string_view text) {
  bool written = std::fwrite(text.data(), 1, text.size(), file_.get()) == text.size();
  written = std::fflush(file_.get()) == 0 && written;
  if (written) return;
  ++dropped_;
  std::clearerr(file_.get());
}

}  // namespace limen::core
