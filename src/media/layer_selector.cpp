#include "media/layer_selector.hpp"

namespace limen::media {

void LayerSelector::set_mode(LayerMode mode) {
  if (mode == mode_) return;
  mode_ = mode;
  simulcast_ = {};
  svc_ = {};
}

void LayerSelector::restart() {
  simulcast_.restart();
  svc_.restart();
  rewriter_.pause();
}

void LayerSelector::change_source() {
  restart();
  rewriter_.change_source();
}

void LayerSelector::resume(Instant now) {
  restart();
  rewriter_.resume(now);
}

void LayerSelector::set_spatial(int layer) {
  simulcast_.set_target(layer);
  svc_.set_target(layer);
}

void LayerSelector::set_temporal(int layer) {
  simulcast_.temporal().set_target(layer);
  svc_.temporal().set_target(layer);
}

Layers LayerSelector::current() const {
  if (mode_ == LayerMode::simulcast) return {simulcast_.current(), simulcast_.temporal().current()};
  if (mode_ == LayerMode::svc) return {svc_.current(), svc_.temporal().current()};
  return {};
}

Layers LayerSelector::target() const {
  if (mode_ == LayerMode::simulcast) return {simulcast_.target(), simulcast_.temporal().target()};
  if (mode_ == LayerMode::svc) return {svc_.target(), svc_.temporal().target()};
  return {};
}

LayerVerdict LayerSelector::judge(const RtpPacket& packet, Instant now) {
  switch (mode_) {
    case LayerMode::simulcast:
      return simulcast_.on_packet(packet, now);
    case LayerMode::svc:
      return svc_.on_packet(packet, now);
    case LayerMode::none:
      break;
  }
  LayerVerdict everything;
  everything.relay = true;
  return everything;
}

LayerOutcome LayerSelector::on_packet(const RtpPacket& packet, Instant now) {
  LayerVerdict verdict = judge(packet, now);
  LayerOutcome outcome;
  outcome.changed = verdict.changed;
  outcome.need_keyframe = verdict.need_keyframe;
  if (!verdict.relay) {
    rewriter_.leave_out(packet, verdict.unwanted_temporal);
    return outcome;
  }
  outcome.out = rewriter_.rewrite(packet, now);
  if (outcome.out && mode_ == LayerMode::svc && svc_.ends_picture(packet)) outcome.out->marker = true;
  return outcome;
}

}  // namespace limen::media
