// BitReader: big-endian bits out of bytes, for codec headers and the dependency descriptor.
//
// Never reads past its end: then `ok()` is false, this read and every later one give 0.
#pragma once
#include <cstdint>

#include "base/bytes.hpp"

namespace limen {

class BitReader {
 public:
  explicit BitReader(Bytes bytes) : bytes_(bytes) {}

  bool ok() const { return ok_; }
  size_t remaining() const { return bytes_.size() * 8 - position_; }
  size_t position() const { return position_; }

  // At most 32 bits.
  uint32_t bits(unsigned count) {
    if (count > remaining()) ok_ = false;
    if (!ok_) return 0;
    uint32_t value = 0;
    for (unsigned i = 0; i < count; ++i, ++position_) {
      value = value << 1 | (bytes_[position_ / 8] >> (7 - position_ % 8) & 1u);
    }
    return value;
  }
  bool flag() { return bits(1) != 0; }
  void skip(size_t count) {
    if (count > remaining()) ok_ = false;
    if (ok_) position_ += count;
  }

  // Exp-Golomb codes of H.264 and H.265 (ue(v), se(v)).
  uint32_t golomb() {
    unsigned zeros = 0;
    while (ok_ && zeros < 32 && !flag()) ++zeros;
    if (zeros >= 32) ok_ = false;
    if (!ok_) return 0;
    return (uint32_t{1} << zeros) - 1 + bits(zeros);
  }
  int32_t signed_golomb() {
    uint32_t code = golomb();
    auto magnitude = static_cast<int32_t>(code / 2 + (code & 1));
    return (code & 1) != 0 ? magnitude : -magnitude;
  }

  // Value in [0, range) with as few bits as possible (ns(n) of AV1).
  uint32_t non_symmetric(uint32_t range) {
    unsigned width = 0;
    for (uint32_t x = range; x != 0; x >>= 1) ++width;
    if (width == 0) return 0;
    uint32_t short_codes = (uint32_t{1} << width) - range;
    uint32_t value = bits(width - 1);
    if (value < short_codes) return value;
    return (value << 1) - short_codes + bits(1);
  }

 private:
  Bytes bytes_;
  size_t position_ = 0;
  bool ok_ = true;
};

}  // namespace limen
