#include "media/fanout/fanout_sink.hpp"

#include <algorithm>
#include <utility>

#include "media/fanout/fanout_hub.hpp"

namespace limen::media {

FanoutSink::FanoutSink(MediaContext& context, SinkSettings settings, SinkObserver observer)
    : context_(context),
      hub_(FanoutHub::of(context.shard())),
      settings_(std::move(settings)),
      observer_(std::move(observer)),
      selector_(settings_.clock_rate) {}

FanoutSink::~FanoutSink() {
  if (source_) hub_.remove_sink(source_, *this);
}

void FanoutSink::attach(StreamId source, LayerMode mode) {
  if (source == source_ && mode == selector_.mode()) return;
  if (source_) hub_.remove_sink(source_, *this);
  source_ = source;
  epoch_known_ = false;
  told_ = {};
  if (mode != selector_.mode()) {
    selector_.set_mode(mode);
    selector_.set_spatial(std::min(spatial_, most_spatial_));
    selector_.set_temporal(std::min(temporal_, most_temporal_));
    selector_.set_fallback(fallback_);
  }
  if (source_) hub_.add_sink(source_, *this);
  begin(true);
}

void FanoutSink::begin(bool other_source) {
  if (other_source) selector_.change_source();
  else if (settings_.kind == MediaKind::video) selector_.restart();
  else selector_.pause();
  waiting_ = settings_.kind == MediaKind::video && settings_.clean_start && selector_.mode() == LayerMode::none;
  waiting_since_ = context_.now();
  fresh_ = true;
  replayed_ = false;
  if (settings_.relay) ask_keyframe();
}

void FanoutSink::replay(const std::vector<RtpPacket>& packets, bool whole) {
  if (packets.empty() || !fresh_ || !settings_.relay) return;
  Instant now = context_.now();
  waiting_ = false;
  for (const RtpPacket& packet : packets) {
    LayerOutcome outcome = selector_.on_packet(packet, now);
    if (outcome.out) relay(*outcome.out);
  }
  fresh_ = false;
  replayed_ = true;
  replayed_ssrc_ = packets.back().ssrc;
  replayed_to_ = packets.back().sequence;
  for (const RtpPacket& packet : packets) {
    if (sequence_newer(packet.sequence, replayed_to_)) replayed_to_ = packet.sequence;
  }
  if (whole) return;
  waiting_ = settings_.kind == MediaKind::video && settings_.clean_start;
  waiting_since_ = now;
}

bool FanoutSink::was_replayed(const RtpPacket& packet) {
  if (!replayed_ || packet.ssrc != replayed_ssrc_) return false;
  replayed_ = !sequence_newer(packet.sequence, replayed_to_);
  return replayed_;
}

void FanoutSink::set_relaying(bool relay) {
  if (std::exchange(settings_.relay, relay) == relay) return;
  if (source_) hub_.demand_changed(source_);
  if (relay) begin(false);
}

void FanoutSink::restart() {
  begin(false);
}

void FanoutSink::set_spatial(int layer) {
  spatial_ = std::clamp(layer, 0, 2);
  selector_.set_spatial(std::min(spatial_, most_spatial_));
  if (source_) hub_.demand_changed(source_);
}

void FanoutSink::set_temporal(int layer) {
  temporal_ = std::clamp(layer, 0, 2);
  selector_.set_temporal(std::min(temporal_, most_temporal_));
  if (source_) hub_.demand_changed(source_);
  tell_layers();  // a lower one holds from now on, whatever comes
}

void FanoutSink::limit(int spatial, int temporal) {
  if (spatial == most_spatial_ && temporal == most_temporal_) return;
  most_spatial_ = spatial;
  most_temporal_ = temporal;
  selector_.set_spatial(std::min(spatial_, spatial));
  selector_.set_temporal(std::min(temporal_, temporal));
  tell_layers();
}

void FanoutSink::set_fallback(Duration fallback) {
  fallback_ = fallback;
  selector_.set_fallback(fallback);
}

void FanoutSink::set_playout_delay(int16_t min, int16_t max) {
  settings_.min_playout_delay = min;
  settings_.max_playout_delay = max;
}

void FanoutSink::ask_keyframe() {
  if (!source_ || settings_.kind != MediaKind::video) return;
  last_asked_ = context_.now();
  hub_.ask_keyframe(source_);
}

void FanoutSink::set_estimate(uint64_t bps) {
  estimate_ = bps;
  if (source_) hub_.demand_changed(source_);
}

SourceDemand FanoutSink::demand() const {
  return {.subscribers = 1, .lowest = target(), .highest = target(), .lowest_estimate = estimate_};
}

bool FanoutSink::held_back(const RtpPacket& packet, Instant now) {
  if (!waiting_) return false;
  if (packet.video.keyframe || now - waiting_since_ >= kLongestWait) {
    waiting_ = false;
    return false;
  }
  ++counters_.waiting;
  if (now - last_asked_ >= kAskAgain) ask_keyframe();
  return true;
}

void FanoutSink::on_packet(const RtpPacket& packet, uint32_t epoch, uint8_t padding, Instant now) {
  if (!settings_.relay) return;
  if (epoch != epoch_ || !epoch_known_) {
    // The source was interrupted. It has asked for a key frame itself.
    if (epoch_known_) begin(false);
    epoch_ = epoch;
    epoch_known_ = true;
  }
  if (was_replayed(packet) || held_back(packet, now)) return;
  LayerOutcome outcome = selector_.on_packet(packet, now);
  if (outcome.need_keyframe) ask_keyframe();
  if (outcome.out) {
    outcome.out->padding = padding;
    relay(*outcome.out);
  }
  if (outcome.changed) tell_layers();
}

void FanoutSink::relay(OutgoingRtp out) {
  out.mline = settings_.mline;
  if (settings_.min_playout_delay >= 0 && settings_.max_playout_delay >= 0) {
    out.min_playout_delay = settings_.min_playout_delay;
    out.max_playout_delay = settings_.max_playout_delay;
  }
  fresh_ = false;
  if (choose_payload(out) && context_.send(out)) ++counters_.relayed;
  else ++counters_.refused;
}

bool FanoutSink::choose_payload(OutgoingRtp& out) const {
  if (settings_.payloads.empty()) return true;
  for (const PayloadChoice& choice : settings_.payloads) {
    if (choice.codec != out.source->codec) continue;
    out.payload_type = choice.payload_type;
    return true;
  }
  return false;
}

void FanoutSink::tell_layers() {
  Layers now = current();
  if (now == told_) return;
  told_ = now;
  if (observer_.layers) observer_.layers(now);
}

void FanoutSink::on_data(const DataMessage& message) {
  if (!settings_.relay || settings_.kind != MediaKind::data) return;
  if (context_.send_data(message)) ++counters_.relayed;
  else ++counters_.refused;
}

}  // namespace limen::media
