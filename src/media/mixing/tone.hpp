// Tones and how strong they are in a piece of audio, for tests of mixing.
#pragma once
#include <cmath>
#include <cstdint>
#include <numbers>
#include <span>
#include <vector>

namespace limen::media::test {

// A sine wave that goes on from call to call.
class Tone {
 public:
  Tone(double hz, uint32_t rate, double amplitude = 8000) : step_(hz / rate), amplitude_(amplitude) {}
  std::vector<int16_t> next(size_t samples) {
    std::vector<int16_t> out(samples);
    for (int16_t& sample : out) {
      sample = static_cast<int16_t>(std::lround(amplitude_ * std::sin(2 * std::numbers::pi * phase_)));
      phase_ = std::fmod(phase_ + step_, 1.0);
    }
    return out;
  }

 private:
  double step_, amplitude_, phase_ = 0;
};

// The amplitude of `hz` in mono audio (Goertzel's algorithm).
inline double strength(std::span<const int16_t> audio, double hz, uint32_t rate) {
  double turn = 2 * std::cos(2 * std::numbers::pi * hz / rate);
  double one = 0, two = 0;
  for (int16_t sample : audio) {
    double now = sample + turn * one - two;
    two = one;
    one = now;
  }
  double power = one * one + two * two - turn * one * two;
  return 2 * std::sqrt(std::max(power, 0.0)) / static_cast<double>(audio.size());
}

}  // namespace limen::media::test
