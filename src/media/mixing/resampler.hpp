// Resampler: mono audio to a whole multiple of its rate, or to a whole fraction, through a low-pass filter.
//
// For telephone codecs (8 kHz) beside a mix of 8, 16, 24 or 48 kHz. State of one stream; any one thread.
// Delay: about kTaps / 2 samples of the lower rate.
#pragma once
#include <cstdint>
#include <span>
#include <vector>

namespace limen::media {

class Resampler {
 public:
  static constexpr size_t kTaps = 24;  // of the lower rate

  // `factor` 1 to 6; 1 copies.
  static Resampler up(uint32_t factor) { return Resampler(factor, true); }
  static Resampler down(uint32_t factor) { return Resampler(factor, false); }

  // up: `out` has in.size() * factor samples; down: in.size() / factor, and in.size() is a multiple of it.
  void process(std::span<const int16_t> in, std::span<int16_t> out);
  void reset();

 private:
  Resampler(uint32_t factor, bool up);

  uint32_t factor_;
  bool up_;
  std::vector<float> filter_;   // kTaps * factor coefficients
  std::vector<float> history_;  // what the filter still needs of earlier calls
  std::vector<float> work_;
};

}  // namespace limen::media
