// Randomness as a thing that is passed in: production uses crypto/random, tests a seeded one.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>

#include "base/bytes.hpp"

namespace limen {

class Random {
 public:
  virtual ~Random() = default;
  // Fills with bytes nobody outside can predict. Each implementation says which thread may call it.
  virtual void fill(MutableBytes out) = 0;

  uint32_t u32() {
    uint8_t raw[4];
    fill(raw);
    return load_u32(raw);
  }
  uint64_t u64() {
    uint8_t raw[8];
    fill(raw);
    return load_u64(raw);
  }
  // Uniform enough for ids and jitter: [0, bound); bound > 0.
  uint64_t below(uint64_t bound) { return u64() % bound; }
  // `count` characters out of `alphabet` (at most 256 long).
  std::string text(size_t count, std::string_view alphabet) {
    std::string out(count, '\0');
    for (char& c : out) c = alphabet[below(alphabet.size())];
    return out;
  }
};

// RFC 8445 section 15.4 ice-char: what ufrags and passwords are made of.
inline constexpr std::string_view kIceAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

}  // namespace limen
