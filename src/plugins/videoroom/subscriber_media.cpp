#include "plugins/videoroom/subscriber_media.hpp"

#include <algorithm>

namespace limen::videoroom {

void SubscriberMedia::on_feedback(const RtcpFeedback& feedback) {
  if (const auto* wish = std::get_if<KeyframeRequest>(&feedback)) return ask_keyframe(wish->mline);
  // An estimate is for all that the peer gets.
  uint64_t bps = std::get<BitrateEstimate>(feedback).bps;
  for (Mline& mline : mlines_) {
    if (mline.plan.kind != MediaKind::video) continue;
    for (auto& sink : mline.sinks) sink->set_estimate(bps);
  }
}

void SubscriberMedia::on_connected() {
  for (Mline& mline : mlines_) {
    for (auto& sink : mline.sinks) sink->restart();
  }
}

void SubscriberMedia::ask_keyframe(uint8_t index) {
  if (index >= mlines_.size()) return;
  for (auto& sink : mlines_[index].sinks) sink->ask_keyframe();
}

void SubscriberMedia::set_plan(std::vector<SinkPlan> plan) {
  mlines_.resize(plan.size());
  for (size_t i = 0; i < plan.size(); ++i) apply(mlines_[i], std::move(plan[i]));
}

void SubscriberMedia::apply(Mline& mline, SinkPlan plan) {
  if (plan.kind == MediaKind::data) apply_data(mline, plan);
  else apply_media(mline, plan);
  mline.plan = std::move(plan);
}

std::unique_ptr<media::FanoutSink> SubscriberMedia::make_sink(const SinkPlan& plan, media::StreamId source) {
  media::SinkSettings settings;
  settings.mline = plan.mline;
  settings.kind = plan.kind;
  settings.relay = plan.relay;
  settings.clean_start = !plan.e2ee;
  settings.min_playout_delay = plan.min_delay;
  settings.max_playout_delay = plan.max_delay;
  if (plan.kind != MediaKind::data) {
    settings.clock_rate = codec_clock_rate(plan.codec);
    settings.payloads = {{plan.codec, plan.payload_type}};
  }
  media::SinkObserver observer;
  observer.layers = [this, index = plan.mline](media::Layers current) {
    if (index < mlines_.size() && !mlines_[index].sinks.empty() && observer_.layers) {
      observer_.layers(index, mlines_[index].sinks.front()->source(), current);
    }
  };
  auto sink = std::make_unique<media::FanoutSink>(context_, settings, std::move(observer));
  sink->set_spatial(plan.spatial);
  sink->set_temporal(plan.temporal);
  sink->set_fallback(plan.fallback);
  if (source) sink->attach(source, plan.mode);
  return sink;
}

// One sink for the life of the m-line: its numbering goes on whatever it shows.
void SubscriberMedia::apply_media(Mline& mline, const SinkPlan& plan) {
  media::StreamId source = plan.sources.empty() ? media::StreamId{} : plan.sources.front();
  if (mline.sinks.empty()) {
    mline.sinks.push_back(make_sink(plan, source));
    return;
  }
  media::FanoutSink& sink = *mline.sinks.front();
  const SinkPlan& old = mline.plan;
  if (plan.spatial != old.spatial) sink.set_spatial(plan.spatial);
  if (plan.temporal != old.temporal) sink.set_temporal(plan.temporal);
  if (plan.fallback != old.fallback) sink.set_fallback(plan.fallback);
  if (plan.min_delay != old.min_delay || plan.max_delay != old.max_delay) {
    sink.set_playout_delay(plan.min_delay, plan.max_delay);
  }
  if (sink.source() != source || plan.mode != old.mode) sink.attach(source, plan.mode);
  if (sink.relaying() != plan.relay) sink.set_relaying(plan.relay);
}

void SubscriberMedia::apply_data(Mline& mline, const SinkPlan& plan) {
  std::erase_if(mline.sinks, [&plan](const auto& sink) {
    return std::ranges::find(plan.sources, sink->source()) == plan.sources.end();
  });
  for (media::StreamId source : plan.sources) {
    bool there = std::ranges::any_of(mline.sinks, [source](const auto& sink) { return sink->source() == source; });
    if (!there) mline.sinks.push_back(make_sink(plan, source));
  }
  for (auto& sink : mline.sinks) {
    if (sink->relaying() != plan.relay) sink->set_relaying(plan.relay);
  }
}

}  // namespace limen::videoroom
