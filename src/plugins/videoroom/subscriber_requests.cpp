// Subscriber: its requests (contract, 5.3 to 5.8).
#include <algorithm>

#include "plugins/videoroom/events.hpp"
#include "plugins/videoroom/publisher.hpp"
#include "plugins/videoroom/room.hpp"
#include "plugins/videoroom/rooms.hpp"
#include "plugins/videoroom/subscriber.hpp"
#include "wire/sdp/session_description.hpp"

namespace limen::videoroom {
namespace {

JsonObject done(const Id& room, std::string_view what) {
  JsonObject out = room_event(room);
  out[what] = "ok";
  return out;
}

}  // namespace

RoomResult<SubscriberReply> Subscriber::start(const std::optional<RemoteJsep>& jsep) {
  if (jsep) {
    auto answer = sdp::parse_sdp(jsep->sdp);
    if (!answer) return refuse(ErrorCode::invalid_sdp, "Error parsing answer: {}", answer.error().text);
    for (size_t i = 0; i < answer->media.size() && i < streams_.size(); ++i) {
      const sdp::MediaDescription& media = answer->media[i];
      streams_[i]->ready = !media.rejected() && media.direction != sdp::Direction::inactive;
    }
    answered_ = true;
    // Later answers are about changes, which have events of their own.
    if (!jsep->update) rooms_.notify(&context_, JsonObject{{"event", "subscribed"}, {"room", room_id_.json()}});
  }
  paused_ = false;
  sync_media();
  return SubscriberReply{.data = done(room_id_, "started"), .jsep = std::nullopt};
}

RoomResult<SubscriberReply> Subscriber::pause() {
  paused_ = true;
  sync_media();
  return SubscriberReply{.data = done(room_id_, "paused"), .jsep = std::nullopt};
}

SubscriberReply Subscriber::changed(bool anything) {
  anything = std::exchange(skipped_update_, false) || anything;
  SubscriberReply reply;
  if (!anything) {
    sync_media();  // data may have another source without a new offer
    reply.data = JsonObject{{"videoroom", "updated"}, {"room", room_id_.json()}};
    return reply;
  }
  if (!answered_) {
    pending_offer_ = true;
    sync_media();
    reply.data = JsonObject{{"videoroom", "updating"}, {"room", room_id_.json()}};
    return reply;
  }
  reply.data = updated();
  reply.jsep = offer(pending_restart_);
  rooms_.notify(&context_, JsonObject{{"event", "updated"},
                                      {"room", room_id_.json()},
                                      {"streams", summary()},
                                      {"private_id", options_.private_id}});
  return reply;
}

RoomResult<SubscriberReply> Subscriber::subscribe(const JsonObject& body) {
  auto request = read<SubscribeRequest>(body);
  if (!request) return passed_on(request);
  if (request->streams.empty()) return refuse(ErrorCode::invalid_element, "Empty subscription list");
  std::optional<bool> e2ee = options_.e2ee;
  auto wanted = read_wanted(rooms_, room_, request->streams, e2ee, true);
  if (!wanted) return passed_on(wanted);
  return changed(add(*wanted, false));
}

RoomResult<std::vector<UnsubscribeEntry>> Subscriber::read_unsubscribe(const JsonArray& entries,
                                                                       std::vector<std::optional<Id>>& feeds) const {
  std::vector<UnsubscribeEntry> out;
  for (const Json& json : entries) {
    auto entry = read<UnsubscribeEntry>(entry_object(json));
    if (!entry) return passed_on(entry);
    auto feed = read_id(entry_object(json), "feed", rooms_.strings(), false);
    if (!feed) return passed_on(feed);
    out.push_back(std::move(*entry));
    feeds.push_back(std::move(*feed));
  }
  return out;
}

bool Subscriber::remove(const std::vector<UnsubscribeEntry>& entries, const std::vector<std::optional<Id>>& feeds) {
  bool changed = false;
  for (size_t i = 0; i < entries.size(); ++i) {
    const UnsubscribeEntry& entry = entries[i];
    if (entry.sub_mid) {
      SubscriberStream* stream = find(*entry.sub_mid);
      if (stream == nullptr) continue;
      stream->remove_all();
      changed = true;
      continue;
    }
    Publisher* feed = room_ == nullptr || !feeds[i] ? nullptr : room_->find(*feeds[i]);
    if (feed == nullptr || !feed->active()) continue;
    for (const auto& stream : streams_) {
      auto sources = stream->sources;
      for (PublishedStream* source : sources) {
        if (&source->publisher != feed || (entry.mid && source->mid != *entry.mid)) continue;
        stream->remove(*source);
        changed = changed || stream->kind != MediaKind::data;
      }
    }
  }
  return changed;
}

RoomResult<SubscriberReply> Subscriber::unsubscribe(const JsonObject& body) {
  auto request = read<SubscribeRequest>(body);
  if (!request) return passed_on(request);
  if (request->streams.empty()) return refuse(ErrorCode::invalid_element, "Empty unsubscription list");
  std::vector<std::optional<Id>> feeds;
  auto entries = read_unsubscribe(request->streams, feeds);
  if (!entries) return passed_on(entries);
  return changed(remove(*entries, feeds));
}

RoomResult<SubscriberReply> Subscriber::update(const JsonObject& body) {
  auto request = read<UpdateRequest>(body);
  if (!request) return passed_on(request);
  if (!request->subscribe && !request->unsubscribe) {
    return refuse(ErrorCode::missing_element, "At least one of either 'subscribe' or 'unsubscribe' must be present");
  }
  if (request->subscribe && request->subscribe->empty()) {
    return refuse(ErrorCode::invalid_element, "Empty subscription list");
  }
  if (request->unsubscribe && request->unsubscribe->empty()) {
    return refuse(ErrorCode::invalid_element, "Empty unsubscription list");
  }
  // Everything is read before anything is changed.
  std::vector<Wanted> wanted;
  if (request->subscribe) {
    std::optional<bool> e2ee = options_.e2ee;
    auto found = read_wanted(rooms_, room_, *request->subscribe, e2ee, true);
    if (!found) return passed_on(found);
    wanted = std::move(*found);
  }
  bool anything = false;
  if (request->unsubscribe) {
    std::vector<std::optional<Id>> feeds;
    auto entries = read_unsubscribe(*request->unsubscribe, feeds);
    if (!entries) return passed_on(entries);
    anything = remove(*entries, feeds);
  }
  anything = add(wanted, false) || anything;
  return changed(anything);
}

RoomResult<SubscriberReply> Subscriber::leave() {
  SubscriberReply reply{.data = done(room_id_, "left"), .jsep = std::nullopt};
  hung_up();
  if (context_.has_peer_connection()) context_.close_peer_connection();
  return reply;
}

}  // namespace limen::videoroom
