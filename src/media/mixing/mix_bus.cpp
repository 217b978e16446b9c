#include "media/mixing/mix_bus.hpp"

#include <algorithm>

namespace limen::media {
namespace {

constexpr int32_t kMostVolume = 10000;  // per cent: 100 voices of it still fit into the sum

int16_t saturated(int32_t value) {
  return static_cast<int16_t>(std::clamp(value, -32768, 32767));
}

}  // namespace

bool place_voice(std::span<const int16_t> in, const Placement& placement, std::span<int32_t> out) {
  auto volume = static_cast<int32_t>(std::min<uint32_t>(placement.volume, kMostVolume));
  int32_t left = 100, right = 100;
  if (placement.position) {
    right = static_cast<int32_t>(std::min<uint32_t>(*placement.position, 100));
    left = 100 - right;
  }
  int32_t heard = 0;
  for (size_t i = 0; i < in.size() && i < out.size(); ++i) {
    int32_t value = in[i] * volume / 100;
    if (placement.position) value = value * (i % 2 == 0 ? left : right) / 100;
    out[i] = value;
    heard |= value;
  }
  return heard != 0;
}

MixBus::MixBus(size_t frame, size_t groups) : sum_(frame), groups_(groups, std::vector<int32_t>(frame)) {}

void MixBus::clear() {
  std::ranges::fill(sum_, 0);
  for (auto& group : groups_) std::ranges::fill(group, 0);
}

void MixBus::add(std::span<const int32_t> voice, std::optional<size_t> group) {
  for (size_t i = 0; i < sum_.size() && i < voice.size(); ++i) sum_[i] += voice[i];
  if (!group || *group >= groups_.size()) return;
  std::vector<int32_t>& own = groups_[*group];
  for (size_t i = 0; i < own.size() && i < voice.size(); ++i) own[i] += voice[i];
}

void MixBus::output(std::span<const int32_t> own, std::span<int16_t> out) const {
  for (size_t i = 0; i < sum_.size() && i < out.size(); ++i) {
    out[i] = saturated(sum_[i] - (i < own.size() ? own[i] : 0));
  }
}

void MixBus::output_group(size_t group, std::span<int16_t> out) const {
  if (group >= groups_.size()) {
    std::ranges::fill(out, int16_t{0});
    return;
  }
  for (size_t i = 0; i < sum_.size() && i < out.size(); ++i) out[i] = saturated(groups_[group][i]);
}

}  // namespace limen::media
