#include "media/svc_selector.hpp"

#include <algorithm>

namespace limen::media {

void SvcSelector::restart() {
  current_ = open_ = -1;
  has_picture_ = key_picture_ = false;
  last_asked_ = Instant::min();
  temporal_.restart();
}

void SvcSelector::begin_picture(const RtpPacket& packet, LayerVerdict& verdict) {
  has_picture_ = true;
  key_picture_ = packet.video.keyframe;
  picture_ = packet.timestamp;
  if (key_picture_) open_ = TemporalGate::kHighest;
  open_ = std::min(open_, std::max(target_, 0));
  if (current_ > target_) {
    current_ = target_;
    verdict.changed = true;
  }
}

LayerVerdict SvcSelector::on_packet(const RtpPacket& packet, Instant now) {
  LayerVerdict verdict;
  const VideoFacts& video = packet.video;
  if (!has_picture_ || timestamp_newer(packet.timestamp, picture_)) begin_picture(packet, verdict);

  // Without layers in the packet there is nothing to choose.
  int spatial = std::max<int>(video.spatial, 0);
  bool late = packet.timestamp != picture_;
  if (spatial > open_ && spatial <= target_ && !late) {
    bool switching_point = packet.codec == Codec::av1 && video.layer_sync;
    if (switching_point) open_ = spatial;
  }
  if (spatial > open_ || spatial > target_) {
    bool wanted = spatial <= target_;
    if (wanted && (last_asked_ == Instant::min() || now - last_asked_ >= SimulcastSelector::kKeyframeRetry)) {
      last_asked_ = now;
      verdict.need_keyframe = true;
    }
    return verdict;
  }
  // In a key picture all layers begin anew, though only the lowest is marked as a key frame.
  VideoFacts facts = video;
  facts.layer_sync = facts.layer_sync || key_picture_;
  verdict.relay = temporal_.pass(facts, verdict.changed);
  verdict.unwanted_temporal = !verdict.relay;
  if (verdict.relay && spatial > current_) {
    current_ = spatial;
    verdict.changed = true;
  }
  return verdict;
}

bool SvcSelector::ends_picture(const RtpPacket& packet) const {
  if (packet.marker) return true;
  return packet.video.spatial >= 0 && packet.video.end_of_frame && packet.video.spatial == std::min(open_, target_);
}

}  // namespace limen::media
