#include "rtc/srtp/replay_window.hpp"

namespace limen::rtc {
namespace {

constexpr uint32_t kHalf = 0x8000;  // half of the sequence number space

}  // namespace

bool ReplayWindow::estimate(uint16_t sequence, uint64_t& index) const {
  uint64_t rollovers = highest_ >> 16;
  uint32_t last = static_cast<uint32_t>(highest_ & 0xffff);
  if (started_ && last < kHalf && sequence > last + kHalf) {
    if (rollovers == 0) return false;
    --rollovers;
  } else if (started_ && last >= kHalf && sequence < last - kHalf) {
    ++rollovers;
  }
  index = rollovers << 16 | sequence;
  return index <= kMaxIndex;
}

ReplayWindow::Verdict ReplayWindow::check(uint64_t index) const {
  if (!started_ || index > highest_) return Verdict::fresh;
  if (highest_ - index >= kSize) return Verdict::too_old;
  uint64_t bit = index % kSize;
  return (seen_[bit / kWordBits] >> (bit % kWordBits) & 1) != 0 ? Verdict::seen : Verdict::fresh;
}

void ReplayWindow::record(uint64_t index) {
  if (!started_) {
    started_ = true;
    highest_ = index;
  } else if (index > highest_) {
    clear_between(highest_ + 1, index);
    highest_ = index;
  }
  uint64_t bit = index % kSize;
  seen_[bit / kWordBits] |= uint64_t{1} << (bit % kWordBits);
}

void ReplayWindow::clear_between(uint64_t from, uint64_t to) {
  if (to - from >= kSize) {
    seen_.fill(0);
    return;
  }
  for (uint64_t index = from; index <= to; ++index) {
    uint64_t bit = index % kSize;
    seen_[bit / kWordBits] &= ~(uint64_t{1} << (bit % kWordBits));
  }
}

}  // namespace limen::rtc
