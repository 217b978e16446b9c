// The start of a NAL unit with the emulation prevention bytes (00 00 03) taken out, for reading
// parameter sets (ITU-T H.264 section 7.4.1, H.265 section 7.4.2).
#pragma once
#include <array>
#include <cstdint>

#include "base/bytes.hpp"

namespace limen {

class UnescapedNal {
 public:
  explicit UnescapedNal(Bytes escaped) {
    int zeros = 0;
    for (uint8_t byte : escaped) {
      if (size_ == bytes_.size()) break;
      bool prevention = zeros >= 2 && byte == 3;
      zeros = byte == 0 ? zeros + 1 : 0;
      if (!prevention) bytes_[size_++] = byte;
    }
  }
  Bytes bytes() const { return Bytes(bytes_).first(size_); }

 private:
  // Parameter sets that say more before their size do not occur.
  std::array<uint8_t, 512> bytes_;
  size_t size_ = 0;
};

}  // namespace limen
