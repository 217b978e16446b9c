// LoadShedding: which layers a shard still forwards when it has more to do than it can.
//
// Without it the kernel drops what the shard does not read in time: any packet of anybody. With it the layers
// that cost most and are missed least go first: temporal ones (at once and without a trace), then spatial
// ones and substreams (at the next key frame), one step at a time for all subscribers alike; audio and what
// has no layers stay. Steps back are slower, so that a shard near its limit does not swing. A value; one thread.
#pragma once
#include "api/media.hpp"
#include "base/time.hpp"

namespace limen::media {

// How much a shard has to do. A ShardLocal.
class ShardLoad final : public ShardLocal {
 public:
  explicit ShardLoad(MediaShard&) {}
  double value = 0;     // share of its time that it has worked lately, 0 to 1: its driver writes it
  uint64_t copies = 0;  // that subscribers get at the end of this turn: FanoutHub counts them
};

class LoadShedding {
 public:
  static constexpr int kMost = 4;
  static constexpr double kTooMuch = 0.95, kEnoughRoom = 0.6;  // share of its time that a shard works
  static constexpr Duration kStepDown = std::chrono::milliseconds(300);
  static constexpr Duration kStepUp = std::chrono::seconds(5);

  // Once a turn. True: level() is another one.
  bool update(double load, Instant now) {
    bool down = load >= kTooMuch && level_ < kMost, up = load < kEnoughRoom && level_ > 0;
    int wanted = down ? 1 : up ? -1 : 0;
    if (wanted != direction_ || wanted == 0) {
      direction_ = wanted;
      since_ = now;
      return false;
    }
    if (now - since_ < (down ? kStepDown : kStepUp)) return false;
    level_ += wanted;
    since_ = now;
    return true;
  }
  int level() const { return level_; }
  // The highest layers that are forwarded.
  int spatial() const { return level_ < 3 ? 2 : kMost - level_; }
  int temporal() const { return level_ < 2 ? 2 - level_ : 0; }

 private:
  int level_ = 0;  // 0: everything
  int direction_ = 0;
  Instant since_{};
};

}  // namespace limen::media
