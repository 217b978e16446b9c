// SequenceExtender: 16-bit counters that wrap, told apart over a whole call (RFC 3550 appendix A.1).
//
// A value; a shard's thread only.
#pragma once
#include <cstdint>

namespace limen::rtc {

class SequenceExtender {
 public:
  bool started() const { return started_; }
  // The highest number so far. The first one is put at 65536 + n, so that packets which were sent
  // before it and arrive after it still have a number above zero.
  uint64_t highest() const { return highest_; }

  // The extended number nearest to the highest one; changes nothing. Only after start().
  uint64_t extend(uint16_t value) const {
    auto distance = static_cast<int16_t>(value - static_cast<uint16_t>(highest_));
    return highest_ + static_cast<uint64_t>(static_cast<int64_t>(distance));
  }
  uint64_t update(uint16_t value) {
    if (!started_) {
      start(value);
      return highest_;
    }
    uint64_t extended = extend(value);
    if (extended > highest_) highest_ = extended;
    return extended;
  }
  void start(uint16_t value) {
    started_ = true;
    highest_ = 65536u + value;
  }

 private:
  uint64_t highest_ = 0;
  bool started_ = false;
};

}  // namespace limen::rtc
