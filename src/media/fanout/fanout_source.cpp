#include "media/fanout/fanout_source.hpp"

#include <algorithm>
#include <utility>

#include "media/fanout/fanout_hub.hpp"

namespace limen::media {
namespace {

// -1 says nothing, so it neither lowers nor raises.
int lower(int a, int b) {
  return a < 0 || (b >= 0 && b < a) ? b : a;
}

}  // namespace

void merge(SourceDemand& into, const SourceDemand& more) {
  if (more.subscribers == 0) return;
  into.subscribers += more.subscribers;
  into.lowest = {lower(into.lowest.spatial, more.lowest.spatial), lower(into.lowest.temporal, more.lowest.temporal)};
  into.highest = {std::max(into.highest.spatial, more.highest.spatial),
                  std::max(into.highest.temporal, more.highest.temporal)};
  bool lowest = more.lowest_estimate != 0 && more.lowest_estimate < into.lowest_estimate;
  if (into.lowest_estimate == 0 || lowest) into.lowest_estimate = more.lowest_estimate;
}

bool differs(const SourceDemand& told, const SourceDemand& now) {
  SourceDemand same = now;
  same.lowest_estimate = told.lowest_estimate;
  if (same != told) return true;
  uint64_t moved = now.lowest_estimate > told.lowest_estimate ? now.lowest_estimate - told.lowest_estimate
                                                              : told.lowest_estimate - now.lowest_estimate;
  return moved > told.lowest_estimate / 16;
}

FanoutSource::FanoutSource(MediaShard& shard, StreamId id, SourceSettings settings, SourceObserver observer)
    : shard_(shard),
      hub_(FanoutHub::of(shard)),
      id_(id),
      settings_(settings),
      observer_(std::move(observer)),
      slot_(&hub_.add_source(*this)),
      epoch_(hub_.next_epoch()) {
  for (const FanoutSlot::Interest& interest : slot_->interests) merge(demand_, interest.demand);
  // Somebody was here first: asked for when there is a packet, as the publisher may not be up yet.
  keyframe_wished_ = std::exchange(slot_->keyframe_wished, false);
}

FanoutSource::~FanoutSource() {
  hub_.remove_source(*this);
}

void FanoutSource::push(const RtpPacket& packet) {
  ++pushed_;
  if (!active_) return;
  look_for_restart(packet);
  look_for_keyframe(packet, shard_.now());
  if (slot_->interests.empty()) return;
  FanoutPacket item{id_, epoch_, packet};
  if (settings_.min_playout_delay >= 0 && settings_.max_playout_delay >= 0) {
    item.rtp.extensions.min_playout_delay = settings_.min_playout_delay;
    item.rtp.extensions.max_playout_delay = settings_.max_playout_delay;
  }
  hub_.relay(*slot_, std::move(item));
}

void FanoutSource::push(const DataMessage& message) {
  ++pushed_;
  if (!active_ || slot_->interests.empty()) return;
  hub_.relay(*slot_, FanoutData{id_, std::make_shared<const DataMessage>(message)});
}

// Another encoder began: nobody can decode it from the middle.
void FanoutSource::look_for_restart(const RtpPacket& packet) {
  uint32_t& known = ssrcs_[packet.substream % ssrcs_.size()];
  if (known == packet.ssrc) return;
  if (known != 0) epoch_ = hub_.next_epoch();
  known = packet.ssrc;
}

// A key frame of a lower substream does not fulfil a wish: it may have been for the highest.
void FanoutSource::look_for_keyframe(const RtpPacket& packet, Instant now) {
  highest_substream_ = std::max(highest_substream_, packet.substream);
  if (!keyframe_wished_) return;
  if (packet.video.keyframe && packet.substream >= highest_substream_) keyframe_wished_ = false;
  else if (last_asked_ == Instant::min() || now - last_asked_ >= settings_.keyframe_interval) ask_now(now);
}

void FanoutSource::ask_now(Instant now) {
  keyframe_wished_ = false;
  last_asked_ = now;
  if (observer_.ask_keyframe) observer_.ask_keyframe();
}

void FanoutSource::ask_keyframe() {
  Instant now = shard_.now();
  // Packets are the clock of a wish that has to wait: without them there is nobody to ask.
  if (last_asked_ != Instant::min() && now - last_asked_ < settings_.keyframe_interval) keyframe_wished_ = true;
  else ask_now(now);
}

void FanoutSource::set_active(bool active) {
  if (std::exchange(active_, active) == active || !active) return;
  epoch_ = hub_.next_epoch();
  if (demand_.subscribers > 0) ask_keyframe();
}

void FanoutSource::set_playout_delay(int16_t min, int16_t max) {
  settings_.min_playout_delay = min;
  settings_.max_playout_delay = max;
}

void FanoutSource::take_demands() {
  SourceDemand all;
  for (const FanoutSlot::Interest& interest : slot_->interests) merge(all, interest.demand);
  if (all == demand_) return;
  demand_ = all;
  if (observer_.demand) observer_.demand(demand_);
}

}  // namespace limen::media
