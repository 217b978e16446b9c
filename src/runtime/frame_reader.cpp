#include "runtime/frame_reader.hpp"

namespace limen::runtime {

void FrameReader::keep(Bytes& chunk, size_t wanted) {
  size_t taken = std::min(wanted - std::min(wanted, partial_.size()), chunk.size());
  partial_.insert(partial_.end(), chunk.begin(), chunk.begin() + static_cast<ptrdiff_t>(taken));
  chunk = chunk.subspan(taken);
}

bool FrameReader::next(Bytes& chunk, Bytes& frame) {
  if (!partial_.empty() || chunk.size() < kFrameHeader) {
    keep(chunk, kFrameHeader);
    if (partial_.size() < kFrameHeader) return false;
  }
  size_t size = load_u16(partial_.empty() ? chunk.data() : partial_.data());
  if (size > max_frame_) {
    broken_ = true;
    return false;
  }
  size_t whole = kFrameHeader + size;
  if (partial_.empty() && chunk.size() >= whole) {
    frame = chunk.subspan(kFrameHeader, size);
    chunk = chunk.subspan(whole);
    return true;
  }
  keep(chunk, whole);
  if (partial_.size() < whole) return false;
  frame = Bytes(partial_).subspan(kFrameHeader);
  return true;
}

}  // namespace limen::runtime
