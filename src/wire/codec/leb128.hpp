// leb128(): unsigned integers in seven-bit groups, least significant first (AV1 specification 4.10.5).
#pragma once
#include <cstdint>

#include "base/bytes.hpp"

namespace limen {

// At most five groups are read; a value above 32 bits or a missing end makes `ok` false.
inline uint32_t read_leb128(ByteReader& reader, bool& ok) {
  uint64_t value = 0;
  for (unsigned shift = 0; shift < 35; shift += 7) {
    uint8_t group = reader.u8();
    value |= uint64_t{group & 0x7fu} << shift;
    if ((group & 0x80) != 0) continue;
    if (!reader.ok() || value > 0xffffffff) break;
    return static_cast<uint32_t>(value);
  }
  ok = false;
  return 0;
}

}  // namespace limen
