// Timeline: the times of a source's packets as one that never goes back or leaps, whatever the source's clock does
// (files that begin again, encoders that restart). Microseconds. One for all media of a source, so that they stay
// together.
#pragma once
#include <algorithm>
#include <cstdint>

namespace limen::streaming {

class Timeline {
 public:
  static constexpr int64_t kMaxLeap = 10'000'000;
  static constexpr int64_t kMaxBack = 2'000'000;  // media of a source are interleaved no worse than this
  static constexpr int64_t kStep = 20'000;        // where one piece goes on after another

  // From the source's time to ours, which begins at 0.
  int64_t map(int64_t source_us) {
    int64_t out = source_us + shift_;
    if (!started_ || out > latest_ + kMaxLeap || out < latest_ - kMaxBack) {
      int64_t wanted = started_ || continued_ ? latest_ + kStep : 0;
      shift_ = wanted - source_us;
      out = wanted;
      started_ = true;
    }
    latest_ = std::max(latest_, out);
    return std::max<int64_t>(out, 0);
  }
  // The source begins anew: the next packet follows the last one.
  void begin_again() {
    continued_ = continued_ || started_;
    started_ = false;
  }
  int64_t latest() const { return latest_; }

 private:
  bool started_ = false;
  bool continued_ = false;
  int64_t shift_ = 0;
  int64_t latest_ = 0;
};

// RTP timestamps of audio: counted from packet to packet, because containers round; set right when the container's
// times are elsewhere.
class AudioClock {
 public:
  explicit AudioClock(uint32_t clock_rate) : clock_rate_(clock_rate) {}
  // The timestamp of a packet that lasts `ticks`; `resumed` tells whether it follows a gap.
  uint32_t next(int64_t us, uint32_t ticks, bool& resumed) {
    int64_t stated = us * clock_rate_ / 1'000'000;
    int64_t away = stated - next_;
    resumed = !started_ || away > clock_rate_ / 10 || away < -static_cast<int64_t>(clock_rate_) / 10;
    if (resumed) next_ = std::max(stated, started_ ? next_ : stated);
    started_ = true;
    auto out = static_cast<uint32_t>(next_);
    next_ += ticks;
    return out;
  }

 private:
  int64_t clock_rate_;
  int64_t next_ = 0;
  bool started_ = false;
};

}  // namespace limen::streaming
