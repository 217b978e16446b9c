// Subscriber: configure and switch (contract, 5.6 and 5.7).
#include <algorithm>

#include "plugins/videoroom/events.hpp"
#include "plugins/videoroom/publisher.hpp"
#include "plugins/videoroom/room.hpp"
#include "plugins/videoroom/rooms.hpp"
#include "plugins/videoroom/subscriber.hpp"

namespace limen::videoroom {
namespace {

struct Switch {
  SubscriberStream* stream = nullptr;
  PublishedStream* source = nullptr;
  LayerWish layers;
};

bool may_show(const SubscriberStream& stream, const PublishedStream& source) {
  if (stream.kind != source.kind) return false;
  if (std::ranges::find(stream.sources, &source) != stream.sources.end()) return false;
  return stream.kind == MediaKind::data || stream.codec == source.codec;
}

// The old form: each stream of the feed on the first m-line that can show it and is not taken yet.
std::vector<Switch> map_feed(const Publisher& feed, const std::vector<std::unique_ptr<SubscriberStream>>& streams) {
  std::vector<Switch> out;
  for (const auto& source : feed.streams()) {
    if (source->disabled) continue;
    for (const auto& stream : streams) {
      bool taken = std::ranges::any_of(out, [&](const Switch& one) { return one.stream == stream.get(); });
      if (taken || !may_show(*stream, *source)) continue;
      out.push_back({stream.get(), source.get(), {}});
      break;
    }
  }
  return out;
}

struct SwitchPlace {
  const Rooms& rooms;
  const Room* room;  // none: it has gone
  const Subscriber& subscriber;
};

RoomResult<Publisher*> switch_feed(const SwitchPlace& place, const JsonObject& from) {
  auto id = require_id(from, "feed", place.rooms.strings());
  if (!id) return passed_on(id);
  Publisher* feed = place.room == nullptr ? nullptr : place.room->find(*id);
  if (feed == nullptr || !feed->active()) return refuse(ErrorCode::no_such_feed, "No such feed ({})", id->text());
  if (feed->e2ee() == place.subscriber.e2ee()) return feed;
  return refuse(ErrorCode::invalid_feed, "Can't mix normal and end-to-end encrypted subscriptions");
}

RoomResult<Switch> read_switch(const SwitchPlace& place, const Json& json) {
  auto entry = read<SwitchEntry>(entry_object(json));
  if (!entry) return passed_on(entry);
  auto feed = switch_feed(place, entry_object(json));
  if (!feed) return passed_on(feed);
  if (auto good = check_layers(entry->layers); !good) return passed_on(good);
  Switch out;
  out.source = (*feed)->find(entry->mid);
  out.layers = entry->layers;
  if (out.source == nullptr) {
    return refuse(ErrorCode::no_such_feed, "No such mid '{}' in feed ({})", entry->mid, (*feed)->id().text());
  }
  for (const auto& stream : place.subscriber.streams()) {
    if (stream->mid == entry->sub_mid) out.stream = stream.get();
  }
  return out;
}

RoomResult<std::vector<Switch>> read_switches(const SwitchPlace& place, const SwitchRequest& request,
                                              const JsonObject& body) {
  if (!request.streams) {
    if (!body.contains("feed")) return refuse(ErrorCode::no_such_feed, "No such feed");
    auto feed = switch_feed(place, body);
    if (!feed) return passed_on(feed);
    return map_feed(**feed, place.subscriber.streams());
  }
  if (request.streams->empty()) return refuse(ErrorCode::invalid_element, "Empty switch list");
  std::vector<Switch> out;
  for (const Json& json : *request.streams) {
    auto one = read_switch(place, json);
    if (!one) return passed_on(one);
    out.push_back(*one);
  }
  return out;
}

void show(const Switch& one) {
  SubscriberStream& stream = *one.stream;
  bool ready = stream.ready;
  stream.remove_all();
  stream.add(*one.source);
  stream.ready = ready;  // the m-line goes on as it was agreed
  stream.send = true;
  stream.reset_layers();
  const auto& spatial = one.source->svc ? one.layers.spatial_layer : one.layers.substream;
  const auto& temporal = one.source->svc ? one.layers.temporal_layer : one.layers.temporal;
  if (spatial) stream.spatial = static_cast<int>(*spatial);
  if (temporal) stream.temporal = static_cast<int>(*temporal);
}

std::vector<ConfigureEntry> single(const ConfigureSubscriber& request) {
  const ConfigureEntry one = request.single.entry();
  bool said = one.mid || one.send || one.layers.any() || one.layers.fallback || one.min_delay || one.max_delay;
  return said ? std::vector{one} : std::vector<ConfigureEntry>{};
}

RoomResult<std::vector<ConfigureEntry>> read_entries(const ConfigureSubscriber& request) {
  if (!request.streams) return single(request);
  std::vector<ConfigureEntry> out;
  for (const Json& json : *request.streams) {
    auto entry = read<ConfigureEntry>(entry_object(json));
    if (!entry) return passed_on(entry);
    if (!entry->mid && request.streams->size() > 1) {
      return refuse(ErrorCode::invalid_element, "Invalid value (mid can't be null in a streams array)");
    }
    out.push_back(std::move(*entry));
  }
  return out;
}

}  // namespace

RoomResult<SubscriberReply> Subscriber::configure(const JsonObject& body) {
  if (kicked_) return refuse(ErrorCode::unauthorized, "Unauthorized, you have been kicked");
  auto request = read<ConfigureSubscriber>(body);
  if (!request) return passed_on(request);
  auto entries = read_entries(*request);
  if (!entries) return passed_on(entries);
  bool any_mid = false;
  for (const ConfigureEntry& entry : *entries) {
    if (entry.mid && find(*entry.mid) == nullptr) {
      return refuse(ErrorCode::no_such_feed, "No such mid '{}' in subscription", *entry.mid);
    }
    if (auto good = check_layers(entry.layers); !good) return passed_on(good);
    any_mid = any_mid || entry.mid.has_value();
  }
  for (const ConfigureEntry& entry : *entries) {
    for (const auto& stream : streams_) {
      if (!entry.mid || stream->mid == *entry.mid) configure_one(*stream, entry);
    }
  }
  for (const auto& stream : streams_) {
    const std::optional<bool>& wanted = stream->kind == MediaKind::audio   ? request->audio
                                        : stream->kind == MediaKind::video ? request->video
                                                                           : request->data;
    if (!any_mid && wanted) stream->send = *wanted;
  }
  sync_media();
  SubscriberReply reply;
  reply.data = room_event(room_id_);
  reply.data["configured"] = "ok";
  bool restart = request->restart.value_or(false);
  if (answers_ || (!restart && !request->update.value_or(false))) return reply;
  if (!answered_) {
    pending_offer_ = true;
    pending_restart_ = pending_restart_ || restart;
    reply.silent = true;
    return reply;
  }
  reply.jsep = offer(restart || pending_restart_);
  return reply;
}

void Subscriber::configure_one(SubscriberStream& stream, const ConfigureEntry& entry) {
  set_delays(entry.min_delay, entry.max_delay, stream);
  if (entry.send) {
    bool again = *entry.send && stream.send;
    stream.send = *entry.send;
    // Switched on it begins with a key frame anyway; asked for once more it gets one.
    if (again && stream.kind == MediaKind::video) ask_keyframe(stream);
  }
  if (stream.kind == MediaKind::video) choose_layers(stream, entry.layers);
}

void Subscriber::choose_layers(SubscriberStream& stream, const LayerWish& wish) {
  const PublishedStream* source = stream.source();
  if (source == nullptr) return;
  if (source->simulcast) {
    choose_layer(stream, "substream", wish.substream, stream.spatial, stream.current.spatial);
    choose_layer(stream, "temporal", wish.temporal, stream.temporal, stream.current.temporal);
    if (wish.fallback) stream.fallback = *wish.fallback;
  } else if (source->svc) {
    choose_layer(stream, "spatial_layer", wish.spatial_layer, stream.spatial, stream.current.spatial);
    choose_layer(stream, "temporal_layer", wish.temporal_layer, stream.temporal, stream.current.temporal);
  }
}

// What is relayed already is said at once; for anything else the sink asks for what it needs.
void Subscriber::choose_layer(SubscriberStream& stream, std::string_view name, const std::optional<uint32_t>& wanted,
                              int& target, int current) {
  if (!wanted) return;
  target = static_cast<int>(*wanted);
  if (target != current) return;
  JsonObject news = room_event(room_id_);
  news["mid"] = stream.mid;
  news[name] = target;
  context_.push_event({}, std::move(news));
}

RoomResult<SubscriberReply> Subscriber::switch_sources(const JsonObject& body, std::string_view transaction) {
  auto request = read<SwitchRequest>(body);
  if (!request) return passed_on(request);
  auto switches = read_switches({rooms_, room_, *this}, *request, body);
  if (!switches) return passed_on(switches);
  int changes = 0;
  bool revived = false;
  for (const Switch& one : *switches) {
    if (one.stream == nullptr || !may_show(*one.stream, *one.source)) continue;
    revived = revived || one.stream->sources.empty();
    show(one);
    ++changes;
  }
  sync_media();
  if (revived) push_update(transaction, &context_);
  SubscriberReply reply;
  reply.data = JsonObject{{"videoroom", "event"},
                          {"switched", "ok"},
                          {"room", room_id_.json()},
                          {"changes", changes},
                          {"streams", summary()}};
  rooms_.notify(&context_, JsonObject{{"event", "switched"}, {"room", room_id_.json()}});
  return reply;
}

}  // namespace limen::videoroom
