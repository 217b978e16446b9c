#include "loggers/json_file/line_writer.hpp"

#include <cerrno>
#include <cstring>
#include <utility>

namespace limen::json_file {

Result<std::unique_ptr<LineWriter>> LineWriter::open(const std::string& path) {
  File file(std::fopen(path.c_str(), "ae"), std::fclose);
  if (!file) return fail("{} cannot be opened: {}", path, std::strerror(errno));
  return std::unique_ptr<LineWriter>(new LineWriter(path, std::move(file)));
}

LineWriter::LineWriter(std::string path, File file) : path_(std::move(path)), file_(std::move(file)) {
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

void LineWriter::reopen() {
  {
    std::scoped_lock lock(mutex_);
    reopen_ = true;
  }
  wake_.notify_one();
}

// A failure is told where it can be: the log itself goes through here.
void LineWriter::open_anew() {
  File file(std::fopen(path_.c_str(), "ae"), std::fclose);
  if (file) file_ = std::move(file);
  else std::fprintf(stderr, "%s cannot be opened again: %s\n", path_.c_str(), std::strerror(errno));
}

uint64_t LineWriter::dropped() const {
  std::scoped_lock lock(mutex_);
  return dropped_;
}

void LineWriter::serve() {
  std::string batch;
  for (;;) {
    bool anew = false;
    {
      std::unique_lock lock(mutex_);
      wake_.wait(lock, [this] { return stopping_ || reopen_ || !queue_.empty(); });
      if (queue_.empty() && stopping_) return;
      batch.clear();
      std::swap(batch, queue_);
      anew = std::exchange(reopen_, false);
    }
    write(batch);
    if (anew) open_anew();
  }
}

void LineWriter::write(const std::string& batch) {
  if (batch.empty()) return;
  bool written = std::fwrite(batch.data(), 1, batch.size(), file_.get()) == batch.size();
  written = std::fflush(file_.get()) == 0 && written;
  if (written) return;
  std::clearerr(file_.get());
  std::scoped_lock lock(mutex_);
  ++dropped_;
}

}  // namespace limen::json_file
