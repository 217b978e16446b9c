// VideoRoomHandle: joining a room, as a publisher or as a subscriber (contract, 4.1, 4.2 and 5.1).
#include <algorithm>

#include "base/constant_time.hpp"
#include "plugins/videoroom/events.hpp"
#include "plugins/videoroom/publisher.hpp"
#include "plugins/videoroom/requests.hpp"
#include "plugins/videoroom/room_verbs.hpp"
#include "plugins/videoroom/rooms.hpp"
#include "plugins/videoroom/subscriber.hpp"
#include "plugins/videoroom/videoroom_handle.hpp"

namespace limen::videoroom {
namespace {

// What an own rule of talking is to the media half: 0 for none.
uint32_t own_rule(const std::optional<int32_t>& value) {
  return static_cast<uint32_t>(std::max(value.value_or(0), 0));
}

void tell_joining(const Publisher& who) {
  const Room& room = *who.room();
  if (!room.settings().notify_joining) return;
  JsonObject news = room_event(room);
  news["joining"] = who.card();
  room.tell_all(news, &who);
}

void notify_joined(Rooms& rooms, const Publisher& who, const JoinRequest& join, const JoinAsPublisher& request) {
  const Room& room = *who.room();
  JsonObject notice{
      {"event", "joined"}, {"room", room.id().json()}, {"id", who.id().json()}, {"private_id", who.private_id()}};
  if (room.checks_tokens && join.token) notice["token"] = *join.token;
  for (auto& member : who.card()) notice[member.key()] = member.value();
  if (request.audio_active_packets) notice["audio_active_packets"] = *request.audio_active_packets;
  if (request.audio_level_average) notice["audio_level_average"] = *request.audio_level_average;
  rooms.notify(who.context(), std::move(notice));
}

// The old form of a subscription as entries of the new one.
RoomResult<JsonArray> entries_of_feed(const Rooms& rooms, const Room& room, const JoinAsSubscriber& request,
                                      const JsonObject& body) {
  auto id = require_id(body, "feed", rooms.strings());
  if (!id) return passed_on(id);
  Publisher* feed = room.find(*id);
  if (feed == nullptr || !feed->active()) {
    return refuse(ErrorCode::no_such_feed, "No such feed ({})", id->text());
  }
  JsonArray out;
  for (const auto& stream : feed->streams()) {
    const std::optional<bool>& wanted = stream->kind == MediaKind::audio   ? request.offer_audio
                                        : stream->kind == MediaKind::video ? request.offer_video
                                                                           : request.offer_data;
    if (wanted.value_or(true)) out.push_back(JsonObject{{"feed", id->json()}, {"mid", stream->mid}});
  }
  if (out.empty()) return refuse(ErrorCode::invalid_sdp, "Can't offer an SDP with no stream");
  return out;
}

RoomResult<> check_private_id(const Room& room, const JoinAsSubscriber& request) {
  if (!room.settings().require_pvtid) return {};
  if (request.private_id && room.find_private(*request.private_id) != nullptr) return {};
  return refuse(ErrorCode::unauthorized, "Unauthorized (this room requires a valid private_id)");
}

}  // namespace

RoomResult<VideoRoomHandle::Outcome> VideoRoomHandle::join(const std::string& name, Message& message) {
  const JsonObject& body = message.body;
  auto id = require_id(body, "room", rooms_.strings());
  if (!id) return passed_on(id);
  auto request = read<JoinRequest>(body);
  if (!request) return passed_on(request);
  Room* room = rooms_.find(*id);
  if (room == nullptr) return refuse(ErrorCode::no_such_room, "No such room ({})", id->text());
  const RoomSettings& settings = room->settings();
  if (settings.signed_tokens && rooms_.context().signed_tokens() &&
      !rooms_.context().token_allows(request->token.value_or(""), "room=" + id->text())) {
    return refuse(ErrorCode::unauthorized, "Unauthorized (wrong token)");
  }
  if (auto good = check_secret<ErrorCode>(body, "pin", settings.pin); !good) return passed_on(good);
  std::string ptype = lower_case(request->ptype);
  if (ptype == "publisher") return join_publisher(*room, *request, name, message);
  if (ptype == "subscriber" || ptype == "listener") return join_subscriber(*room, message);
  return refuse(ErrorCode::invalid_element, "Invalid element (ptype)");
}

RoomResult<VideoRoomHandle::Outcome> VideoRoomHandle::join_publisher(Room& room, const JoinRequest& join,
                                                                     const std::string& name, Message& message) {
  auto request = read<JoinAsPublisher>(message.body);
  if (!request) return passed_on(request);
  auto id = read_id(message.body, "id", rooms_.strings(), false);
  if (!id) return passed_on(id);
  if (auto good = check_descriptions(request->descriptions); !good) return passed_on(good);
  if (room.checks_tokens && (!join.token || !constant_time_contains(room.allowed, *join.token))) {
    return refuse(ErrorCode::unauthorized, "Unauthorized (not in the allowed list)");
  }
  Identity identity{.id = id->value_or(Id()),
                    .private_id = rooms_.free_private_id(room),
                    .display = request->display,
                    .metadata = request->metadata};
  if (identity.id.empty()) identity.id = rooms_.free_member_id(room);
  if (room.find(identity.id) != nullptr) {
    return refuse(ErrorCode::id_exists, "User ID {} already exists", identity.id.text());
  }
  PublishRequest settings;
  bool configures = name == "joinandconfigure";
  if (configures) {
    settings.bitrate = join.bitrate;
    settings.record = join.record;
    settings.filename = join.filename;
    settings.descriptions = request->descriptions;
  }
  publisher_ = std::make_unique<Publisher>(rooms_, room, &context_, PublisherKind::local, std::move(identity));
  publisher_->take_join_settings(settings, own_rule(request->audio_active_packets),
                                 own_rule(request->audio_level_average));
  tell_joining(*publisher_);
  notify_joined(rooms_, *publisher_, join, *request);
  Outcome out;
  out.data = joined(*request);
  if (!configures || !message.jsep) return out;
  if (message.jsep->type != "offer") {
    return refuse(ErrorCode::invalid_sdp_type, "Unknown SDP type '{}'", message.jsep->type);
  }
  auto codecs = read<WantedCodecs>(message.body);
  if (!codecs) return passed_on(codecs);
  settings.audiocodec = codecs->audiocodec;
  settings.videocodec = codecs->videocodec;
  if (auto good = publisher_->check_codecs(settings); !good) return passed_on(good);
  auto answer = publisher_->take_offer(settings, *message.jsep);
  if (!answer) return passed_on(answer);
  publisher_->describe_answer(out.data);
  out.jsep = std::move(*answer);
  out.then = [this] { publisher_->offer_taken(); };
  return out;
}

JsonObject VideoRoomHandle::joined(const JoinAsPublisher& request) const {
  const Room& room = *publisher_->room();
  JsonObject out{{"videoroom", "joined"},
                 {"room", room.id().json()},
                 {"description", room.settings().description},
                 {"id", publisher_->id().json()},
                 {"private_id", publisher_->private_id()}};
  JsonArray publishers;
  JsonArray attendees;
  for (const auto& [id, member] : room.members()) {
    if (member == publisher_.get()) continue;
    if (member->active() && !member->streams().empty()) publishers.push_back(member->describe(StreamView::joined));
    else attendees.push_back(member->card());
  }
  out["publishers"] = std::move(publishers);
  if (request.audio_active_packets) out["audio_active_packets"] = *request.audio_active_packets;
  if (request.audio_level_average) out["audio_level_average"] = *request.audio_level_average;
  if (room.settings().notify_joining) out["attendees"] = std::move(attendees);
  return out;
}

RoomResult<VideoRoomHandle::Outcome> VideoRoomHandle::join_subscriber(Room& room, Message& message) {
  auto request = read<JoinAsSubscriber>(message.body);
  if (!request) return passed_on(request);
  bool answers = request->client_offer.value_or(false);
  if (message.jsep && (!answers || message.jsep->type != "offer")) {
    return refuse(ErrorCode::invalid_request, "Can't send an offer to create subscribers");
  }
  if (answers && !message.jsep) return refuse(ErrorCode::invalid_sdp, "An offer is needed with client_offer");
  bool legacy = !request->streams || request->streams->empty();
  if (legacy) {
    auto entries = entries_of_feed(rooms_, room, *request, message.body);
    if (!entries) return passed_on(entries);
    request->streams = std::move(*entries);
  }
  std::optional<bool> e2ee;
  auto wanted = read_wanted(rooms_, &room, *request->streams, e2ee, false);
  if (!wanted) return passed_on(wanted);
  if (auto good = check_private_id(room, *request); !good) return passed_on(good);
  SubscriberOptions options;
  options.private_id = request->private_id.value_or(0);
  options.use_msid = request->use_msid.value_or(false);
  options.autoupdate = request->autoupdate.value_or(true);
  options.e2ee = e2ee.value_or(false);
  auto subscriber = std::make_unique<Subscriber>(rooms_, room, context_, options);
  Outcome out;
  if (answers) {
    auto answer = subscriber->answer(*wanted, *message.jsep);
    if (!answer) return passed_on(answer);
    out.jsep = std::move(*answer);
  } else if (!subscriber->add(*wanted, true)) {
    return refuse(ErrorCode::invalid_sdp, "Can't offer an SDP with no stream");
  }
  subscriber_ = std::move(subscriber);
  out.data = JsonObject{{"videoroom", "attached"}, {"room", room.id().json()}, {"streams", subscriber_->summary()}};
  if (legacy) {
    const Publisher& feed = wanted->front().stream->publisher;
    out.data["id"] = feed.id().json();
    out.data["warning"] = "deprecated_api";
    for (auto& member : feed.card()) out.data[member.key()] = member.value();
  }
  if (!answers) out.jsep = subscriber_->offer(false);
  rooms_.notify(&context_, JsonObject{{"event", "subscribing"},
                                      {"room", room.id().json()},
                                      {"streams", subscriber_->summary()},
                                      {"private_id", options.private_id}});
  return out;
}

}  // namespace limen::videoroom
