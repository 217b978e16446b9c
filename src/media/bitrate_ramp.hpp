// BitrateRamp: when a capped sender of video is told its cap: in four steps at the beginning, then now and again
// (VideoRoom, 10.4; RecordPlay, 8). A value; any one thread.
#pragma once
#include <cstdint>
#include <optional>

#include "base/time.hpp"

namespace limen::media {

class BitrateRamp {
 public:
  static constexpr Duration kPeriod = std::chrono::seconds(5);
  static constexpr int kSteps = 4;

  void set_cap(uint64_t bps) { cap_ = bps; }
  // With the next packet.
  void tell_soon() { last_ = {}; }
  void begin_again() {
    steps_ = kSteps;
    last_ = {};
  }
  uint64_t cap() const { return cap_; }
  // A video packet came: what to tell, if anything.
  std::optional<uint64_t> on_packet(Instant now) {
    if (cap_ == 0) return std::nullopt;
    if (steps_ > 0) {
      last_ = now;
      return cap_ / static_cast<uint64_t>(steps_--);
    }
    if (now - last_ < kPeriod) return std::nullopt;
    last_ = now;
    return cap_;
  }

 private:
  uint64_t cap_ = 0;  // bits per second; 0: none
  int steps_ = kSteps;
  Instant last_{};
};

}  // namespace limen::media
