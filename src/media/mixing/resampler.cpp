#include "media/mixing/resampler.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <numbers>

namespace limen::media {
namespace {

constexpr double kPassBand = 0.45;  // of the lower rate

// Windowed sinc (Blackman); its sum is `gain`.
std::vector<float> low_pass(size_t size, double cutoff, double gain) {
  std::vector<double> taps(size);
  double sum = 0;
  double middle = static_cast<double>(size - 1) / 2;
  for (size_t i = 0; i < size; ++i) {
    double x = static_cast<double>(i) - middle;
    double sinc =
        std::abs(x) < 1e-9 ? 2 * cutoff : std::sin(2 * std::numbers::pi * cutoff * x) / (std::numbers::pi * x);
    double phase = 2 * std::numbers::pi * static_cast<double>(i) / static_cast<double>(size - 1);
    taps[i] = sinc * (0.42 - 0.5 * std::cos(phase) + 0.08 * std::cos(2 * phase));
    sum += taps[i];
  }
  std::vector<float> out(size);
  for (size_t i = 0; i < size; ++i) out[i] = static_cast<float>(taps[i] * gain / sum);
  return out;
}

int16_t to_sample(float value) {
  return static_cast<int16_t>(std::lrintf(std::clamp(value, -32768.0F, 32767.0F)));
}

}  // namespace

Resampler::Resampler(uint32_t factor, bool up) : factor_(factor), up_(up) {
  if (factor_ == 1) return;
  filter_ = low_pass(kTaps * factor_, kPassBand / factor_, up ? factor_ : 1);
  history_.resize(up ? kTaps - 1 : kTaps * factor_ - 1);
}

void Resampler::reset() {
  std::ranges::fill(history_, 0.0F);
}

void Resampler::process(std::span<const int16_t> in, std::span<int16_t> out) {
  if (factor_ == 1) {
    std::memcpy(out.data(), in.data(), std::min(in.size(), out.size()) * sizeof(int16_t));
    return;
  }
  work_.assign(history_.begin(), history_.end());
  work_.insert(work_.end(), in.begin(), in.end());
  size_t kept = history_.size();
  if (up_) {
    // Output phase p of input i: only every factor-th coefficient meets a sample.
    for (size_t i = 0; i < in.size(); ++i) {
      for (size_t phase = 0; phase < factor_; ++phase) {
        float sum = 0;
        for (size_t tap = 0; tap < kTaps; ++tap) sum += filter_[tap * factor_ + phase] * work_[kept + i - tap];
        out[i * factor_ + phase] = to_sample(sum);
      }
    }
  } else {
    for (size_t i = 0; i < out.size(); ++i) {
      float sum = 0;
      size_t newest = kept + i * factor_ + factor_ - 1;
      for (size_t tap = 0; tap < filter_.size(); ++tap) sum += filter_[tap] * work_[newest - tap];
      out[i] = to_sample(sum);
    }
  }
  std::copy(work_.end() - static_cast<ptrdiff_t>(kept), work_.end(), history_.begin());
}

}  // namespace limen::media
