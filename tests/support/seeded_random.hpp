// SeededRandom: the same bytes for the same seed, so that a failing run can be repeated. One thread.
#pragma once
#include <cstdint>

#include "base/random.hpp"

namespace limen::test {

class SeededRandom final : public Random {
 public:
  explicit SeededRandom(uint64_t seed) : state_(seed) {}

  void fill(MutableBytes out) override {
    uint64_t word = 0;
    for (size_t i = 0; i < out.size(); ++i) {
      if (i % 8 == 0) word = next();
      out[i] = static_cast<uint8_t>(word >> (8 * (i % 8)));
    }
  }
  // True with this probability.
  bool chance(double probability) { return probability > 0 && unit() < probability; }
  // [0, 1)
  double unit() { return static_cast<double>(next() >> 11) * 0x1.0p-53; }

 private:
  // SplitMix64.
  uint64_t next() {
    uint64_t z = state_ += 0x9e3779b97f4a7c15u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
  }
  uint64_t state_;
};

}  // namespace limen::test
