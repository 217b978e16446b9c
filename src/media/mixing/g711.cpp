#include "media/mixing/g711.hpp"

#include <algorithm>
#include <bit>

namespace limen::media {
namespace {

constexpr int kUlawBias = 132;  // makes every segment begin at a power of two
constexpr int kUlawClip = 32635;

// Which power of two a magnitude of at least 2^7 (with bias) begins with, counted from there: 0..7.
constexpr int segment(unsigned magnitude) {
  return std::clamp(static_cast<int>(std::bit_width(magnitude)) - 8, 0, 7);
}

}  // namespace

uint8_t to_ulaw(int16_t sample) {
  int value = sample;
  int sign = value < 0 ? 0x80 : 0;
  int magnitude = std::min(value < 0 ? -value : value, kUlawClip) + kUlawBias;
  int exponent = segment(static_cast<unsigned>(magnitude));
  int mantissa = (magnitude >> (exponent + 3)) & 0x0f;
  return static_cast<uint8_t>(~(sign | exponent << 4 | mantissa));
}

int16_t from_ulaw(uint8_t byte) {
  int bits = static_cast<uint8_t>(~byte);
  int exponent = (bits >> 4) & 7;
  int magnitude = ((((bits & 0x0f) << 3) + kUlawBias) << exponent) - kUlawBias;
  return static_cast<int16_t>((bits & 0x80) != 0 ? -magnitude : magnitude);
}

uint8_t to_alaw(int16_t sample) {
  // Thirteen bits: the sign is that of a value that does not have to be negated past its range.
  int value = sample >> 3;
  int mask = 0xd5;
  if (value < 0) {
    mask = 0x55;
    value = -value - 1;
  }
  if (value < 32) return static_cast<uint8_t>((value >> 1) ^ mask);
  int exponent = static_cast<int>(std::bit_width(static_cast<unsigned>(value))) - 5;
  return static_cast<uint8_t>((exponent << 4 | ((value >> exponent) & 0x0f)) ^ mask);
}

int16_t from_alaw(uint8_t byte) {
  int bits = byte ^ 0x55;
  int exponent = (bits >> 4) & 7;
  int magnitude = ((bits & 0x0f) << 4) + 8;
  if (exponent > 0) magnitude = (magnitude + 0x100) << (exponent - 1);
  return static_cast<int16_t>((bits & 0x80) != 0 ? magnitude : -magnitude);
}

}  // namespace limen::media
