// BitrateRamp: when a capped publisher is told its cap: in four steps at the beginning, then now and
// again (contract, 10.4). A value; any one thread.
#pragma once
#include <cstdint>
#include <optional>

#include "base/time.hpp"

namespace limen::videoroom {

class BitrateRamp {
 public:
  static constexpr Duration kPeriod = std::chrono::seconds(5);

  void set_cap(uint64_t bps) { cap_ = bps; }
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
  int steps_ = 4;
  Instant last_{};
};

}  // namespace limen::videoroom
