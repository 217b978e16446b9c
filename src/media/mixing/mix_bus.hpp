// MixBus: what everybody contributes to one 20 ms frame, summed; and the sum as each one hears it.
//
// Any one thread. Samples are 32 bits inside, so sums cannot overflow; what goes out is saturated to 16 bits.
// Two channels are interleaved. A group has its own sum beside the room's.
#pragma once
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace limen::media {

// How a voice enters the mix.
struct Placement {
  uint32_t volume = 100;                  // per cent
  std::optional<uint32_t> position = {};  // spatial (two channels): 0 left to 100 right
};

// `in` with its volume and place, into `out` of the same size. True: there is something to be heard.
bool place_voice(std::span<const int16_t> in, const Placement& placement, std::span<int32_t> out);

class MixBus {
 public:
  MixBus(size_t frame, size_t groups);

  void clear();
  void add(std::span<const int32_t> voice, std::optional<size_t> group);
  // The whole room without `own` (empty: with everybody).
  void output(std::span<const int32_t> own, std::span<int16_t> out) const;
  void output_group(size_t group, std::span<int16_t> out) const;
  size_t groups() const { return groups_.size(); }

 private:
  std::vector<int32_t> sum_;
  std::vector<std::vector<int32_t>> groups_;
};

}  // namespace limen::media
