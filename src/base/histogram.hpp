// Histogram: how often values fell into which range, as plain counters; for metrics.
//
// A value of one thread, copied when it is read. Adding is a few comparisons.
#pragma once
#include <array>
#include <cstddef>
#include <cstdint>

#include "base/time.hpp"

namespace limen {

// `Bounds::kBounds`: ascending upper bounds, inclusive; what exceeds the last one has a range of its own.
template <typename Bounds>
struct Histogram {
  static constexpr size_t kRanges = Bounds::kBounds.size() + 1;

  std::array<uint64_t, kRanges> counts{};
  uint64_t sum = 0;  // in the unit of the bounds

  void add(uint64_t value) {
    size_t range = 0;
    while (range < Bounds::kBounds.size() && value > Bounds::kBounds[range]) ++range;
    ++counts[range];
    sum += value;
  }
};

// Nanoseconds, from 50 µs to 1 s.
struct DurationBounds {
  static constexpr std::array<uint64_t, 13> kBounds{50'000,      100'000,     250'000,      500'000,    1'000'000,
                                                    2'500'000,   5'000'000,   10'000'000,   25'000'000, 50'000'000,
                                                    100'000'000, 250'000'000, 1'000'000'000};
};
// Things that go together: 1, 2, 4 ... 64.
struct BatchBounds {
  static constexpr std::array<uint64_t, 7> kBounds{1, 2, 4, 8, 16, 32, 64};
};

using BatchHistogram = Histogram<BatchBounds>;

struct DurationHistogram : Histogram<DurationBounds> {
  void add(Duration took) { Histogram::add(took.count() < 0 ? 0 : static_cast<uint64_t>(took.count())); }
};

}  // namespace limen
