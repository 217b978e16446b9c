#include "plugins/streaming/feed/medium_feed.hpp"

#include <utility>

namespace limen::streaming {
namespace {

constexpr Duration kEstimateInterval = std::chrono::seconds(1);

media::SourceObserver observer_of(const MediumFeed::Wishes& wishes) {
  return {.ask_keyframe = wishes.ask_keyframe, .demand = {}};
}

}  // namespace

MediumFeed::MediumFeed(MediaShard& shard, const MediumPlan& plan, uint32_t collision_ms, bool enabled, Wishes wishes)
    : shard_(shard),
      kind_(plan.kind),
      codec_(plan.codec),
      payload_type_(plan.payload_type),
      layers_(plan.layers),
      binary_(plan.binary),
      buffer_message_(plan.buffer_message),
      collision_(std::chrono::milliseconds(collision_ms)),
      enabled_(enabled),
      wishes_(std::move(wishes)),
      facts_(plan.facts),
      clock_rate_(plan.clock_rate),
      source_(shard, plan.stream, media::SourceSettings{}, observer_of(wishes_)) {
  if (plan.skew) skew_.emplace(plan.clock_rate);
  if (!plan.parameter_sets.empty()) parameter_sets_.emplace(plan.parameter_sets);
  // Layers are chosen per viewer: what would be kept here is not what a viewer needs.
  if (plan.keyframes && plan.layers == media::LayerMode::none) keyframes_.emplace(*plan.keyframes);
  source_.set_active(enabled);
}

bool MediumFeed::collides(const RtpPacket& packet, Instant now) {
  Sender& sender = senders_[packet.substream % senders_.size()];
  bool other = sender.known && sender.ssrc != packet.ssrc;
  if (other && collision_ > Duration{} && now - sender.last < collision_) {
    ++counters_.collided;
    return true;
  }
  sender = {.known = true, .ssrc = packet.ssrc, .last = now};
  return false;
}

void MediumFeed::on_rtp(RtpPacket packet) {
  Instant now = shard_.now();
  if (collides(packet, now)) return;
  if (facts_) facts_->last_packet_ns.store(now.time_since_epoch().count(), std::memory_order_relaxed);
  packet.payload_type = payload_type_;
  packet.codec = codec_;
  if (skew_ && !skew_->apply(packet, now)) {
    ++counters_.held_back;
    return;
  }
  go_on(packet, now);
}

void MediumFeed::go_on(RtpPacket& packet, Instant now) {
  if (parameter_sets_) {
    std::optional<RtpPacket> before = parameter_sets_->apply(packet, shard_.packets());
    if (before) finish(*before, now);
  }
  finish(packet, now);
}

void MediumFeed::finish(const RtpPacket& packet, Instant now) {
  if (keyframes_) keyframes_->add(packet, now);
  if (recorder_ && packet.substream == 0) {
    if (auto note = recorded_->rewrite(packet, now)) recorder_->on_outgoing(*note, now);
  }
  if (!enabled_) return;
  ++counters_.relayed;
  source_.push(packet);
  tell_estimate();
}

void MediumFeed::tell_estimate() {
  uint64_t bps = source_.demand().lowest_estimate;
  if (kind_ != MediaKind::video || bps == 0 || !wishes_.set_bitrate) return;
  Instant now = shard_.now();
  if (estimate_told_ && now - *estimate_told_ < kEstimateInterval) return;
  estimate_told_ = now;
  wishes_.set_bitrate(bps);
}

void MediumFeed::on_message(Bytes bytes) {
  Instant now = shard_.now();
  if (facts_) facts_->last_packet_ns.store(now.time_since_epoch().count(), std::memory_order_relaxed);
  auto message = std::make_shared<DataMessage>();
  message->binary = binary_;
  message->bytes.assign(bytes.begin(), bytes.end());
  if (recorder_) recorder_->on_data(*message, now);
  if (!enabled_) return;
  ++counters_.relayed;
  source_.push(*message);
  if (buffer_message_) last_message_ = std::move(message);
}

void MediumFeed::set_enabled(bool enabled) {
  enabled_ = enabled;
  source_.set_active(enabled);
}

void MediumFeed::record(std::shared_ptr<media::RecordingFile> file, uint32_t ssrc) {
  recorder_.reset();
  recorded_.reset();
  if (!file) return;
  recorder_ = std::make_unique<media::Recorder>(std::move(file), media::LayerMode::none, ssrc);
  recorded_.emplace(clock_rate_);
  if (kind_ == MediaKind::video) source_.ask_keyframe();
}

KeyframeBurst MediumFeed::burst() const {
  // What is kept while disabled is not shown before it is enabled again.
  if (!keyframes_ || !enabled_) return {};
  return keyframes_->burst(shard_.packets(), shard_.now());
}

}  // namespace limen::streaming
