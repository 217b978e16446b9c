#include "wire/mjr/mjr_stream_reader.hpp"

#include "wire/mjr/mjr_block.hpp"

namespace limen::mjr {

void StreamReader::add(Bytes bytes) {
  if (broken_) return;
  buffer_.erase(buffer_.begin(), buffer_.begin() + static_cast<std::ptrdiff_t>(used_));
  used_ = 0;
  buffer_.insert(buffer_.end(), bytes.begin(), bytes.end());
}

StreamReader::Step StreamReader::next(Frame& frame) {
  Block block;
  while (!broken_) {
    BlockStatus status = read_block(Bytes(buffer_).subspan(used_), block);
    if (status == BlockStatus::cut) return Step::need_more;
    if (status == BlockStatus::bad_prefix) {
      error_.text = header_ ? "what follows a frame is neither a frame nor a header" : "not a recording";
      broken_ = true;
      break;
    }
    used_ += block.size();
    if (!header_) {
      auto header = read_file_header(block);
      if (header) {
        format_ = header->format;
        header_ = std::move(header->header);
        continue;
      }
      error_ = std::move(header.error());
      broken_ = true;
      break;
    }
    if (read_frame(block, format_, header_->kind, frame, skipped_)) return Step::frame;
  }
  return Step::broken;
}

}  // namespace limen::mjr
