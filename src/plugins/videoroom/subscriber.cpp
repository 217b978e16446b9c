#include "plugins/videoroom/subscriber.hpp"

#include <algorithm>

#include "plugins/videoroom/events.hpp"
#include "plugins/videoroom/publisher.hpp"
#include "plugins/videoroom/room.hpp"
#include "plugins/videoroom/rooms.hpp"
#include "plugins/videoroom/subscriber_offer.hpp"
#include "wire/sdp/offer_answer.hpp"

namespace limen::videoroom {

Subscriber::Subscriber(Rooms& rooms, Room& room, HandleContext& context, SubscriberOptions options)
    : rooms_(rooms), room_(&room), room_id_(room.id()), context_(context), options_(options) {
  room.add(*this);
  // What the shard posts to control is dropped when the handle has gone, so `this` is there when it runs.
  context_.install_media([this](MediaContext& media) -> std::unique_ptr<MediaHandler> {
    SubscriberObserver observer;
    observer.layers = [this, &media](uint8_t mline, media::StreamId source, media::Layers current) {
      media.post_control([this, mline, source, current] { on_layers(mline, source, current); });
    };
    return std::make_unique<SubscriberMedia>(media, std::move(observer));
  });
}

Subscriber::~Subscriber() {
  if (room_ != nullptr) room_->remove(*this);
  for (const auto& stream : streams_) stream->remove_all();
}

void Subscriber::forget_room() {
  room_ = nullptr;
}

SubscriberStream* Subscriber::find(std::string_view mid) const {
  for (const auto& stream : streams_) {
    if (stream->mid == mid) return stream.get();
  }
  return nullptr;
}

// The m-line that can show the stream without a new one: data share theirs; others take what is free.
SubscriberStream* Subscriber::place_for(const PublishedStream& source) const {
  for (const auto& stream : streams_) {
    if (stream->kind != source.kind) continue;
    if (source.kind == MediaKind::data) return stream.get();
    if (stream->sources.empty() && stream->codec == source.codec) return stream.get();
  }
  return nullptr;
}

bool Subscriber::add(const std::vector<Wanted>& wanted, bool joining) {
  bool changed = false;
  for (const Wanted& one : wanted) changed |= add_one(one, joining);
  return changed;
}

bool Subscriber::add_one(const Wanted& wanted, bool joining) {
  PublishedStream& source = *wanted.stream;
  // Nothing was agreed for it, so nothing can be offered.
  if (source.kind != MediaKind::data && source.codec == Codec::unknown) return false;
  SubscriberStream* stream = place_for(source);
  bool extra = stream != nullptr && source.kind == MediaKind::data && !stream->sources.empty();
  if (extra && std::ranges::find(stream->sources, &source) != stream->sources.end()) return false;
  if (stream == nullptr) {
    if (streams_.size() >= UINT8_MAX) return false;  // an m-line's index is one byte
    streams_.push_back(std::make_unique<SubscriberStream>(*this));
    stream = streams_.back().get();
    stream->kind = source.kind;
    stream->mindex = static_cast<int>(streams_.size() - 1);
    stream->mid = std::to_string(stream->mindex);
    stream->codec = source.codec;
    stream->profile = source.profile();
  }
  stream->add(source);
  if (extra) return false;
  stream->reset_layers();
  stream->send = true;
  apply_entry(*stream, wanted, joining);
  if (options_.use_msid) stream->msid = fmt::format("{} {}", source.publisher.id().text(), source.mid);
  return true;
}

void Subscriber::apply_entry(SubscriberStream& stream, const Wanted& wanted, bool joining) {
  const SubscribeEntry& entry = wanted.entry;
  stream.crossrefid = entry.crossrefid;
  const LayerWish& layers = entry.layers;
  const PublishedStream& source = *wanted.stream;
  const auto& spatial = source.svc ? layers.spatial_layer : layers.substream;
  const auto& temporal = source.svc ? layers.temporal_layer : layers.temporal;
  if (spatial) stream.spatial = static_cast<int>(*spatial);
  if (temporal) stream.temporal = static_cast<int>(*temporal);
  bool fallback = joining ? !wanted.whole_feed : layers.any();
  if (entry.fallback && *entry.fallback >= 0 && fallback) {
    stream.fallback = static_cast<uint32_t>(std::min<int64_t>(*entry.fallback, UINT32_MAX));
  }
  if (!joining && entry.send && !wanted.whole_feed) stream.send = *entry.send;
  set_delays(entry.min_delay, entry.max_delay, stream);
}

JsonArray Subscriber::summary() const {
  JsonArray out;
  for (const auto& stream : streams_) out.push_back(stream->summary());
  return out;
}

LocalJsep Subscriber::offer(bool restart) {
  answered_ = false;
  pending_offer_ = pending_restart_ = false;
  OfferFacts facts;
  facts.use_msid = options_.use_msid;
  if (room_ != nullptr) {
    facts.session_name = room_->session_name();
    facts.transport_cc = room_->settings().transport_wide_cc_ext;
  }
  sync_media();
  return {.type = "offer", .sdp = make_subscriber_offer(streams_, facts), .restart = restart, .e2ee = options_.e2ee};
}

JsonObject Subscriber::updated() const {
  return JsonObject{{"videoroom", "updated"}, {"room", room_id_.json()}, {"streams", summary()}};
}

void Subscriber::push_update(std::string_view transaction, HandleContext* subject) {
  if (answers_) return context_.push_event(transaction, updated());
  if (!answered_) {
    pending_offer_ = true;
    return;
  }
  bool restart = pending_restart_;
  JsonObject news = updated();
  context_.push_event(transaction, std::move(news), offer(restart));
  rooms_.notify(subject, JsonObject{{"event", "updated"},
                                    {"room", room_id_.json()},
                                    {"streams", summary()},
                                    {"private_id", options_.private_id}});
}

void Subscriber::push_held_back() {
  if (answered_ && pending_offer_ && room_ != nullptr) push_update({}, &context_);
}

void Subscriber::source_gone(bool room_exists, bool forced, HandleContext* publisher) {
  sync_media();
  if (!room_exists || room_ == nullptr) return;
  if (!options_.autoupdate && !forced) skipped_update_ = true;
  else push_update({}, publisher);
}

void Subscriber::kick() {
  kicked_ = true;
  sync_media();
}

void Subscriber::hung_up() {
  for (const auto& stream : streams_) {
    for (const PublishedStream* source : stream->sources) {
      if (room_ == nullptr) break;
      rooms_.notify(&context_, JsonObject{{"event", "unsubscribed"},
                                          {"room", room_id_.json()},
                                          {"feed", source->publisher.id().json()},
                                          {"mid", source->mid}});
    }
    stream->remove_all();
  }
  streams_.clear();
  answered_ = pending_offer_ = pending_restart_ = false;
  paused_ = true;
  sync_media();
}

void Subscriber::sync_media() {
  std::vector<SinkPlan> plan;
  for (const auto& stream : streams_) {
    SinkPlan& sink = plan.emplace_back();
    sink.mline = static_cast<uint8_t>(stream->mindex);
    sink.kind = stream->kind;
    sink.codec = stream->codec;
    sink.payload_type = stream->payload_type.value_or(sdp::default_payload_type(stream->codec));
    for (const PublishedStream* source : stream->sources) {
      media::StreamId id = source->publisher.stream_id(*source);
      if (id) sink.sources.push_back(id);
    }
    if (stream->source() != nullptr) sink.mode = stream->source()->layers();
    sink.relay = stream->ready && stream->send && !paused_ && !kicked_;
    sink.e2ee = options_.e2ee;
    sink.spatial = stream->spatial;
    sink.temporal = stream->temporal;
    if (stream->fallback > 0) sink.fallback = std::chrono::microseconds(stream->fallback);
    sink.min_delay = stream->min_delay;
    sink.max_delay = stream->max_delay;
  }
  context_.post_media([plan = std::move(plan)](MediaHandler& handler) mutable {
    static_cast<SubscriberMedia&>(handler).set_plan(std::move(plan));
  });
}

void Subscriber::ask_keyframe(const SubscriberStream& stream) {
  context_.post_media([mline = static_cast<uint8_t>(stream.mindex)](MediaHandler& handler) {
    static_cast<SubscriberMedia&>(handler).ask_keyframe(mline);
  });
}

void Subscriber::on_layers(uint8_t mline, media::StreamId source, media::Layers current) {
  if (mline >= streams_.size()) return;
  SubscriberStream& stream = *streams_[mline];
  const PublishedStream* shown = stream.source();
  if (shown == nullptr || room_ == nullptr || shown->publisher.stream_id(*shown) != source) return;
  media::Layers before = std::exchange(stream.current, current);
  auto tell = [&](std::string_view name, int was, int is) {
    if (was == is || is < 0) return;
    JsonObject news = room_event(room_id_);
    news["mid"] = stream.mid;
    news[name] = is;
    context_.push_event({}, std::move(news));
  };
  tell(shown->svc ? "spatial_layer" : "substream", before.spatial, current.spatial);
  tell(shown->svc ? "temporal_layer" : "temporal", before.temporal, current.temporal);
}

Json Subscriber::query() const {
  JsonObject out{{"type", "subscriber"}};
  if (room_ != nullptr) {
    out["room"] = room_id_.json();
    out["private_id"] = options_.private_id;
    out["answered"] = answered_;
    out["pending_offer"] = pending_offer_;
    out["pending_restart"] = pending_restart_;
    out["paused"] = paused_;
    if (options_.e2ee) out["e2ee"] = true;
    out["streams"] = summary();
  }
  out["hangingup"] = 0;
  out["destroyed"] = 0;
  return out;
}

}  // namespace limen::videoroom
