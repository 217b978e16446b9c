// Sequence numbers without wrap: SCTP's 16 and 32-bit numbers continued in 64 bits.
#pragma once
#include <cstdint>

namespace limen::rtc {

// The number nearest to `near` that ends in `value`. Both directions of half the range.
constexpr uint64_t unwrap32(uint32_t value, uint64_t near) {
  return near + static_cast<uint64_t>(static_cast<int64_t>(static_cast<int32_t>(value - static_cast<uint32_t>(near))));
}
constexpr uint64_t unwrap16(uint16_t value, uint64_t near) {
  auto distance = static_cast<int16_t>(static_cast<uint16_t>(value - static_cast<uint16_t>(near)));
  return near + static_cast<uint64_t>(static_cast<int64_t>(distance));
}
// A first number far enough from zero that nothing before it wraps.
constexpr uint64_t widened(uint32_t value) {
  return (uint64_t{1} << 32) + value;
}

}  // namespace limen::rtc
