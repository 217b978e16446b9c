#include "plugins/videoroom/publisher.hpp"

#include <algorithm>

#include "plugins/videoroom/events.hpp"
#include "plugins/videoroom/room.hpp"
#include "plugins/videoroom/rooms.hpp"
#include "plugins/videoroom/subscriber.hpp"

namespace limen::videoroom {

Publisher::Publisher(Rooms& rooms, Room& room, HandleContext* context, PublisherKind kind, Identity identity,
                     RemoteFeedId feed)
    : rooms_(rooms), room_(&room), context_(context), kind_(kind), identity_(std::move(identity)), feed_(feed) {
  bitrate_ = room.settings().bitrate;
  room.add(*this);
  if (context_ != nullptr) install_media();
}

Publisher::~Publisher() {
  if (room_ != nullptr) room_->remove(*this);
  drop_streams();
  if (!feed_) return;
  rooms_.context().post_shard(
      feed_.shard, [number = feed_.number](MediaShard& shard) { shard.local<RemoteFeeds>().remove(number); });
}

void Publisher::install_media() {
  // What the shard posts to control is dropped when the handle has gone, so `this` is there when it runs.
  context_->install_media([this, label = id().text()](MediaContext& media) -> std::unique_ptr<MediaHandler> {
    PublisherObserver observer;
    observer.talking = [this, &media](int mindex, bool talking, double level) {
      media.post_control([this, mindex, talking, level] { on_talking(mindex, talking, level); });
    };
    auto feedback = [&media](const RtcpFeedback& message) { media.send(message); };
    auto handler = std::make_unique<PublisherMedia>(media.shard(), std::move(feedback), std::move(observer));
    handler->set_label(label);
    return handler;
  });
}

void Publisher::post_media(std::move_only_function<void(PublisherMedia&)> task) {
  if (context_ != nullptr) {
    return context_->post_media(
        [task = std::move(task)](MediaHandler& handler) mutable { task(static_cast<PublisherMedia&>(handler)); });
  }
  if (!feed_) return;
  rooms_.context().post_shard(feed_.shard, [number = feed_.number, task = std::move(task)](MediaShard& shard) mutable {
    if (RemoteFeed* feed = shard.local<RemoteFeeds>().find(number)) task(feed->media());
  });
}

PublishedStream* Publisher::find(std::string_view mid) const {
  for (const auto& stream : streams_) {
    if (stream->mid == mid) return stream.get();
  }
  return nullptr;
}

PublishedStream* Publisher::first(MediaKind kind) const {
  for (const auto& stream : streams_) {
    if (stream->kind == kind) return stream.get();
  }
  return nullptr;
}

media::StreamId Publisher::stream_id(const PublishedStream& stream) const {
  auto index = static_cast<size_t>(stream.mindex);
  return index < stream_ids.size() ? stream_ids[index] : media::StreamId{};
}

bool Publisher::talks() const {
  return std::ranges::any_of(streams_, [](const auto& stream) { return stream->talking; });
}

bool Publisher::tells_talking() const {
  return std::ranges::any_of(
      streams_, [](const auto& stream) { return stream->kind == MediaKind::audio && stream->audiolevel_id != 0; });
}

void Publisher::tell(const JsonObject& event) const {
  if (context_ != nullptr) context_->push_event({}, event);
}

JsonObject Publisher::card(std::string_view id_key) const {
  JsonObject out{{id_key, id().json()}};
  if (identity_.display) out["display"] = *identity_.display;
  if (identity_.metadata) out["metadata"] = *identity_.metadata;
  return out;
}

JsonObject Publisher::describe(StreamView view) const {
  JsonObject out = card();
  if (dummy() && view == StreamView::joined) out["dummy"] = true;
  for (MediaKind kind : {MediaKind::audio, MediaKind::video}) {
    for (const auto& stream : streams_) {
      if (stream->kind != kind || stream->disabled) continue;
      out[kind == MediaKind::audio ? "audio_codec" : "video_codec"] = codec_name(stream->codec);
      break;
    }
  }
  JsonArray streams;
  for (const auto& stream : streams_) streams.push_back(describe_stream(*stream, view));
  out["streams"] = std::move(streams);
  if (view == StreamView::joined && tells_talking()) out["talking"] = talks();
  return out;
}

void Publisher::describe_answer(JsonObject& out) const {
  for (MediaKind kind : {MediaKind::audio, MediaKind::video}) {
    const PublishedStream* stream = first(kind);
    if (stream == nullptr) continue;
    std::string_view name = stream->codec == Codec::unknown ? "none" : codec_name(stream->codec);
    out[kind == MediaKind::audio ? "audio_codec" : "video_codec"] = name;
  }
  JsonArray streams;
  for (const auto& stream : streams_) streams.push_back(describe_stream(*stream, StreamView::answer));
  out["streams"] = std::move(streams);
}

void Publisher::announce(std::string_view event) {
  if (room_ == nullptr) return;
  JsonObject news = room_event(*room_);
  news["publishers"] = JsonArray{describe(StreamView::published)};
  room_->tell_all(news, this);
  JsonObject notice{{"event", event}, {"room", room_->id().json()}};
  for (auto& member : card()) notice[member.key()] = member.value();
  JsonArray streams;
  for (const auto& stream : streams_) streams.push_back(describe_stream(*stream, StreamView::event));
  notice["streams"] = std::move(streams);
  rooms_.notify(context_, std::move(notice));
}

void Publisher::came_up() {
  if (active_ || room_ == nullptr) return;
  active_ = true;
  announce("published");
}

void Publisher::unpublish() {
  if (room_ != nullptr) tell_departure("unpublished", *this);
}

void Publisher::hung_up() {
  if (active_ && room_ != nullptr) tell_departure("unpublished", *this);
  active_ = false;
  e2ee_ = false;
  negotiated_ = false;
  filename_.clear();
  forwards.clear();
  remotizations.clear();
  drop_streams();
  tell_media(&PublisherMedia::stop);
}

void Publisher::leave() {
  if (room_ == nullptr) return;
  Room& room = *room_;
  room.remove(*this);
  tell_departure("leaving", *this);
  forget_room();
}

void Publisher::kicked() {
  Room& room = *room_;
  JsonObject news = room_event(room);
  news["leaving"] = "ok";
  news["reason"] = "kicked";
  tell(news);
  if (room.settings().require_pvtid) {
    for (Subscriber* subscriber : room.subscribers()) {
      if (subscriber->private_id() == private_id()) subscriber->kick();
    }
  }
  tell_departure("kicked", *this);
  room.remove(*this);
  forget_room();
  if (context_ != nullptr && context_->has_peer_connection()) context_->close_peer_connection();
  if (remote()) room.disown(*this);  // ends it
}

void Publisher::room_destroyed() {
  tell(JsonObject{{"videoroom", "destroyed"}, {"room", room_->id().json()}});
  forget_room();
  if (context_ != nullptr && context_->has_peer_connection()) context_->close_peer_connection();
}

// Nothing is relayed any more, whatever the peer connection goes on to do.
void Publisher::forget_room() {
  if (room_ == nullptr) return;
  room_ = nullptr;
  stop_recorders();
  for (const auto& stream : streams_) tell_media(&PublisherMedia::set_active, stream->mindex, false);
}

void Publisher::drop_streams() {
  std::vector<Subscriber*> affected;
  for (const auto& stream : streams_) {
    while (!stream->subscribers.empty()) {
      SubscriberStream& shown = *stream->subscribers.back();
      shown.remove(*stream);
      bool listed = std::ranges::find(affected, &shown.owner) != affected.end();
      if (!listed && stream->kind != MediaKind::data) affected.push_back(&shown.owner);
      if (stream->kind == MediaKind::data) shown.owner.sync_media();
    }
  }
  streams_.clear();
  stream_ids.clear();
  for (Subscriber* subscriber : affected) subscriber->source_gone(room_ != nullptr, remote(), context_);
}

void Publisher::moderate(PublishedStream& stream, bool mute) {
  stream.moderated = mute;
  tell_media(&PublisherMedia::set_active, stream.mindex, stream.flows());
  JsonObject body{{"room", room_->id().json()},
                  {"id", id().json()},
                  {"mid", stream.mid},
                  {"moderation", mute ? "muted" : "unmuted"}};
  JsonObject news{{"videoroom", "event"}};
  JsonObject notice{{"videoroom", "moderated"}};
  for (auto& member : body) {
    news[member.key()] = member.value();
    notice[member.key()] = member.value();
  }
  room_->tell_all(news);
  rooms_.notify(nullptr, std::move(notice));
}

void Publisher::set_send(PublishedStream& stream, bool send) {
  stream.active = send;
  tell_media(&PublisherMedia::set_active, stream.mindex, stream.flows());
}

void Publisher::set_bitrate(uint32_t bps) {
  bitrate_ = bps;
  tell_media(&PublisherMedia::tell_bitrate, uint64_t{bps});
}

void Publisher::ask_keyframe(const PublishedStream& stream) {
  tell_media(&PublisherMedia::ask_keyframe, stream.mindex);
}

void Publisher::on_talking(int mindex, bool talking, double level) {
  auto index = static_cast<size_t>(mindex);
  if (room_ == nullptr || index >= streams_.size()) return;
  PublishedStream& stream = *streams_[index];
  stream.talking = talking;
  stream.audio_level = static_cast<int>(level);
  JsonObject news{{"videoroom", talking ? "talking" : "stopped-talking"},
                  {"room", room_->id().json()},
                  {"id", id().json()},
                  {"mindex", mindex},
                  {"mid", stream.mid},
                  {"audio-level-dBov-avg", level}};
  room_->tell_all(news);
  rooms_.notify(context_, std::move(news));
}

}  // namespace limen::videoroom
