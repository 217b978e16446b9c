// TemporalGate: which temporal layers of one encoding are relayed (spec section 7.12).
//
// Down at once; up where the stream says that it is safe: at a key frame or a layer-sync frame
// (VP8 Y, VP9 U, a switching point of the dependency descriptor). A value; a shard's thread only.
#pragma once
#include <algorithm>
#include <cstdint>

#include "wire/rtp/rtp_packet.hpp"

namespace limen::media {

class TemporalGate {
 public:
  static constexpr int kHighest = 7;  // layers a descriptor can name: 3 bits

  int target() const { return target_; }
  // The highest layer relayed lately; -1 before the first one.
  int current() const { return current_; }
  // True if the current layer became a lower one by this.
  bool set_target(int target) {
    target_ = target;
    open_ = std::min(open_, target);
    if (current_ <= target) return false;
    current_ = target;
    return true;
  }
  // A new encoding begins with this key frame.
  void restart() {
    current_ = -1;
    open_ = kHighest;
  }

  // May the packet pass? `changed` is set if the current layer is another one after it.
  bool pass(const VideoFacts& video, bool& changed) {
    if (video.keyframe) open_ = kHighest;
    int layer = video.temporal;
    if (layer < 0) return true;  // the codec does not say
    if (layer > target_) return false;
    if (layer > open_ && !video.layer_sync) return false;
    open_ = std::max(open_, layer);
    if (layer > current_) {
      current_ = layer;
      changed = true;
    }
    return true;
  }

 private:
  int target_ = 2;
  int current_ = -1;
  int open_ = kHighest;
};

}  // namespace limen::media
