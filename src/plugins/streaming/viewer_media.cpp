#include "plugins/streaming/viewer_media.hpp"

#include <utility>

#include "plugins/streaming/feed/feed_media.hpp"

namespace limen::streaming {
namespace {

// On the feed's shard: what it keeps of a medium goes to one viewer.
void send_kept(MediaShard& shard, const ViewPlan& plan, uint32_t to, PeerId viewer, uint64_t relayed) {
  FeedMedia* feed = FeedTable::of(shard).find(plan.feed);
  MediumFeed* medium = feed == nullptr ? nullptr : feed->medium(plan.medium);
  if (medium == nullptr) return;
  if (plan.kind == MediaKind::data) {
    auto message = medium->last_message();
    if (!message) return;
    shard.post(to, [viewer, mline = plan.mline, source = plan.source, relayed, message](MediaShard& other) {
      if (ViewerMedia* own = ViewerTable::of(other).find(viewer)) own->take_message(mline, source, relayed, *message);
    });
    return;
  }
  KeyframeBurst burst = medium->burst();
  if (burst.packets.empty()) return;
  shard.post(to, [viewer, mline = plan.mline, source = plan.source, burst = std::move(burst)](MediaShard& other) {
    if (ViewerMedia* own = ViewerTable::of(other).find(viewer)) own->take_burst(mline, source, burst);
  });
}

}  // namespace

ViewerMedia::ViewerMedia(MediaContext& context, ViewerObserver observer)
    : context_(context), observer_(std::move(observer)) {
  ViewerTable::of(context.shard()).add(context.id().peer, *this);
}

ViewerMedia::~ViewerMedia() {
  ViewerTable::of(context_.shard()).remove(context_.id().peer, *this);
}

void ViewerMedia::on_feedback(const RtcpFeedback& feedback) {
  if (const auto* wish = std::get_if<KeyframeRequest>(&feedback)) return ask_keyframe(wish->mline);
  // An estimate is for all that the peer gets.
  uint64_t bps = std::get<BitrateEstimate>(feedback).bps;
  for (Mline& mline : mlines_) {
    if (mline.plan.kind == MediaKind::video && mline.sink->relaying()) mline.sink->set_estimate(bps);
  }
}

void ViewerMedia::ask_keyframe(uint8_t index) {
  if (index >= mlines_.size() || !mlines_[index].sink->relaying()) return;
  mlines_[index].sink->ask_keyframe();
}

void ViewerMedia::on_connected() {
  connected_ = true;
  for (Mline& mline : mlines_) {
    if (!mline.plan.relay) continue;
    mline.sink->set_relaying(true);
    if (mline.plan.kind != MediaKind::data) ask_for_kept(mline);
  }
  ask_for_messages();
}

void ViewerMedia::on_disconnected() {
  connected_ = false;
  writable_ = false;
  for (Mline& mline : mlines_) {
    mline.sink->set_relaying(false);
    mline.message_asked = false;
  }
}

void ViewerMedia::on_data_writable() {
  writable_ = true;
  ask_for_messages();
}

void ViewerMedia::ask_for_messages() {
  if (!connected_ || !writable_) return;
  for (Mline& mline : mlines_) {
    if (mline.plan.kind != MediaKind::data || !mline.sink->relaying()) continue;
    if (!std::exchange(mline.message_asked, true)) ask_for_kept(mline);
  }
}

void ViewerMedia::ask_for_kept(const Mline& mline) {
  if (!mline.plan.buffered || !mline.plan.source) return;
  uint64_t relayed = mline.sink->counters().relayed;
  MediaId own = context_.id();
  context_.shard().post(mline.plan.source.shard, [plan = mline.plan, own, relayed](MediaShard& shard) {
    send_kept(shard, plan, own.shard, own.peer, relayed);
  });
}

ViewerMedia::Mline* ViewerMedia::find(uint8_t mline, media::StreamId source) {
  if (!connected_ || mline >= mlines_.size() || mlines_[mline].plan.source != source) return nullptr;
  return &mlines_[mline];
}

void ViewerMedia::take_burst(uint8_t mline, media::StreamId source, const KeyframeBurst& burst) {
  if (Mline* own = find(mline, source)) own->sink->replay(burst.packets, burst.whole);
}

void ViewerMedia::take_message(uint8_t mline, media::StreamId source, uint64_t relayed, const DataMessage& message) {
  Mline* own = find(mline, source);
  // Something newer has come in the meantime.
  if (own == nullptr || !own->sink->relaying() || own->sink->counters().relayed != relayed) return;
  // No room: it is asked for again when there is.
  if (!context_.send_data(message)) own->message_asked = false;
}

void ViewerMedia::set_plan(std::vector<ViewPlan> plan) {
  while (mlines_.size() > plan.size()) mlines_.pop_back();
  for (size_t i = 0; i < plan.size(); ++i) {
    if (i == mlines_.size()) {
      auto sink = make_sink(plan[i]);
      mlines_.push_back({std::move(plan[i]), std::move(sink)});
      if (connected_ && mlines_.back().plan.relay) {
        mlines_.back().sink->set_relaying(true);
        if (mlines_.back().plan.kind != MediaKind::data) ask_for_kept(mlines_.back());
      }
    } else {
      apply(mlines_[i], std::move(plan[i]));
    }
  }
  ask_for_messages();  // of who starts only after the data channel was there
}

std::unique_ptr<media::FanoutSink> ViewerMedia::make_sink(const ViewPlan& plan) {
  media::SinkSettings settings;
  settings.mline = plan.mline;
  settings.kind = plan.kind;
  settings.relay = false;  // not before the peer is connected
  settings.clean_start = !plan.e2ee;
  settings.min_playout_delay = plan.min_delay;
  settings.max_playout_delay = plan.max_delay;
  if (plan.kind != MediaKind::data) {
    settings.clock_rate = codec_clock_rate(plan.codec);
    settings.payloads = {{plan.codec, plan.payload_type}};
  }
  media::SinkObserver observer;
  observer.layers = [this, index = plan.mline](media::Layers current) {
    if (index < mlines_.size() && observer_.layers) observer_.layers(index, mlines_[index].plan.source, current);
  };
  auto sink = std::make_unique<media::FanoutSink>(context_, settings, std::move(observer));
  sink->set_spatial(plan.spatial);
  sink->set_temporal(plan.temporal);
  sink->set_fallback(plan.fallback);
  if (plan.source) sink->attach(plan.source, plan.layers);
  return sink;
}

// One sink for the life of the m-line: its numbering goes on whatever it shows.
void ViewerMedia::apply(Mline& mline, ViewPlan plan) {
  media::FanoutSink& sink = *mline.sink;
  const ViewPlan old = std::exchange(mline.plan, std::move(plan));
  const ViewPlan& now = mline.plan;
  if (now.spatial != old.spatial) sink.set_spatial(now.spatial);
  if (now.temporal != old.temporal) sink.set_temporal(now.temporal);
  if (now.fallback != old.fallback) sink.set_fallback(now.fallback);
  if (now.min_delay != old.min_delay || now.max_delay != old.max_delay) {
    sink.set_playout_delay(now.min_delay, now.max_delay);
  }
  if (now.payload_type != old.payload_type || now.codec != old.codec) {
    sink.set_payloads({{now.codec, now.payload_type}});
  }
  bool another = now.source != old.source;
  if (another || now.layers != old.layers) sink.attach(now.source, now.layers);
  bool relay = now.relay && connected_;
  bool begins = relay && (another || !sink.relaying());
  if (sink.relaying() != relay) sink.set_relaying(relay);
  if (begins && now.kind == MediaKind::video) ask_for_kept(mline);
}

}  // namespace limen::streaming
