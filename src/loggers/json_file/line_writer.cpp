#include "loggers/json_file/line_writer.hpp"

#include <cerrno>
#include <cstring>

namespace limen::json_file {

Result<std::unique_ptr<LineWriter>> LineWriter::open(const std::string& path) {
  File file(std::fopen(path.c_str(), "ae"), std::fclose);
  if (!file) return fail("{} cannot be opened: {}", path, std::strerror(errno));
  return std::unique_ptr<LineWriter>(new LineWriter(std::move(file)));
}

LineWriter::LineWriter(File file) : file_(std::move(file)) {
  thread_ = std::thread([this] { serve(); });
}

LineWriter::~LineWriter() {
  {
    std::scoped_lock lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_one();
  thread_.join();
}

bool LineWriter::push(std::string_view text) {
  {
    std::scoped_lock lock(mutex_);
    if (queue_.size() + text.size() > kMostQueued) {
      ++dropped_;
      return false;
    }
    queue_ += text;
  }
  wake_.notify_one();
  return true;
}

uint64_t LineWriter::dropped() const {
  std::scoped_lock lock(mutex_);
  return dropped_;
}

void LineWriter::serve() {
  std::string batch;
  for (;;) {
    {
      std::unique_lock lock(mutex_);
      wake_.wait(lock, [this] { return stopping_ || !queue_.empty(); });
      if (queue_.empty()) return;
      batch.clear();
      std::swap(batch, queue_);
    }
    bool written = std::fwrite(batch.data(), 1, batch.size(), file_.get()) == batch.size();
    written = std::fflush(file_.get()) == 0 && written;
    if (written) continue;
    std::clearerr(file_.get());
    std::scoped_lock lock(mutex_);
    ++dropped_;
  }
}

}  // namespace limen::json_file
