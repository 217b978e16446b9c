#include "media/simulcast_selector.hpp"

namespace limen::media {

void SimulcastSelector::set_target(int substream) {
  target_ = substream;
  limit_ = substream;
  last_asked_ = Instant::min();
}

// Is this substream a step from the current one towards the wanted one?
bool SimulcastSelector::wants(int substream) const {
  if (current_ < 0) return substream <= limit_;
  if (substream > current_) return substream <= limit_;
  return substream < current_ && substream >= limit_;
}

void SimulcastSelector::ask(Instant now, LayerVerdict& verdict) {
  if (last_asked_ != Instant::min() && now - last_asked_ < kKeyframeRetry) return;
  last_asked_ = now;
  verdict.need_keyframe = true;
}

void SimulcastSelector::look_for_fallback(Instant now, LayerVerdict& verdict) {
  if (now - last_relayed_ < fallback_ || limit_ == 0) return;
  --limit_;
  last_relayed_ = now;  // the next step down gets its own time
  last_asked_ = Instant::min();
  ask(now, verdict);
}

LayerVerdict SimulcastSelector::on_packet(const RtpPacket& packet, Instant now) {
  LayerVerdict verdict;
  int substream = packet.substream;
  if (!started_) {
    started_ = true;
    last_relayed_ = now;
  }
  // A better one flows again.
  if (substream > limit_ && substream <= target_) {
    limit_ = substream;
    last_asked_ = Instant::min();
  }
  if (substream != current_) {
    if (wants(substream)) {
      if (!packet.video.keyframe) ask(now, verdict);
      else {
        current_ = substream;
        temporal_.restart();
        last_asked_ = Instant::min();
        verdict.changed = true;
      }
    }
    if (substream != current_) {
      look_for_fallback(now, verdict);
      return verdict;
    }
  }
  verdict.relay = temporal_.pass(packet.video, verdict.changed);
  verdict.unwanted_temporal = !verdict.relay;
  last_relayed_ = now;
  return verdict;
}

}  // namespace limen::media
