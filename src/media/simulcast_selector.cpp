#include "media/simulcast_selector.hpp"

#include <algorithm>

namespace limen::media {

void SimulcastSelector::set_target(int substream) {
  target_ = std::clamp(substream, 0, static_cast<int>(flows_.size()) - 1);
  last_asked_ = Instant::min();
}

void SimulcastSelector::restart() {
  current_ = -1;
  flows_ = {};
  last_asked_ = Instant::min();
  temporal_.restart();
}

void SimulcastSelector::note(const RtpPacket& packet, Instant now) {
  for (size_t i = 0; i < flows_.size(); ++i) {
    if (i == packet.substream) flows_[i] = {.seen = true, .last = now};
    else if (packet.marker) ++flows_[i].others;
  }
}

bool SimulcastSelector::flows(int substream, Instant now) const {
  const Flow& flow = flows_[static_cast<size_t>(substream)];
  return flow.seen && (now - flow.last < fallback_ || flow.others < kFramesOfOthers);
}

int SimulcastSelector::wanted(Instant now) const {
  for (int substream = target_; substream >= 0; --substream) {
    if (flows(substream, now)) return substream;
  }
  return target_;
}

// Is this substream a step from the current one towards the wanted one?
bool SimulcastSelector::leads_to(int wanted, int substream) const {
  if (substream > current_) return substream <= wanted;
  return substream < current_ && substream >= wanted;
}

void SimulcastSelector::ask(Instant now, LayerVerdict& verdict) {
  if (last_asked_ != Instant::min() && now - last_asked_ < kKeyframeRetry) return;
  last_asked_ = now;
  verdict.need_keyframe = true;
}

LayerVerdict SimulcastSelector::on_packet(const RtpPacket& packet, Instant now) {
  LayerVerdict verdict;
  if (packet.substream >= flows_.size()) return verdict;
  note(packet, now);
  int substream = packet.substream;
  if (substream != current_ && leads_to(wanted(now), substream)) {
    if (packet.video.keyframe) {
      current_ = substream;
      temporal_.restart();
      last_asked_ = Instant::min();
      verdict.changed = true;
    } else {
      ask(now, verdict);
    }
  }
  if (substream != current_) return verdict;
  verdict.relay = temporal_.pass(packet.video, verdict.changed);
  verdict.unwanted_temporal = !verdict.relay;
  return verdict;
}

}  // namespace limen::media
