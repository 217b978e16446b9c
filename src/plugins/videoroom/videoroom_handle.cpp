#include "plugins/videoroom/videoroom_handle.hpp"

#include <algorithm>
#include <array>

#include "plugins/videoroom/events.hpp"
#include "plugins/videoroom/publisher.hpp"
#include "plugins/videoroom/requests.hpp"
#include "plugins/videoroom/room_verbs.hpp"
#include "plugins/videoroom/rooms.hpp"
#include "plugins/videoroom/subscriber.hpp"

namespace limen::videoroom {
namespace {

// Requests that are acknowledged and answered by an event.
constexpr std::array<std::string_view, 12> kAsync{
    "join",  "joinandconfigure", "configure", "publish",   "unpublish",   "start",
    "pause", "switch",           "leave",     "subscribe", "unsubscribe", "update"};

// Requests of subscribers that end in an offer of ours.
constexpr std::array<std::string_view, 3> kOffering{"subscribe", "unsubscribe", "update"};

Json as_json(RoomResult<JsonObject> result) {
  if (!result) return error_body(result.error());
  return std::move(*result);
}

std::unexpected<RoomError> unknown_request(std::string_view name) {
  return refuse(ErrorCode::invalid_request, "Unknown request '{}'", name);
}

}  // namespace

VideoRoomHandle::VideoRoomHandle(Rooms& rooms, HandleContext& context) : rooms_(rooms), context_(context) {}

VideoRoomHandle::~VideoRoomHandle() {
  if (!publisher_) return;
  // On the wire whose handle goes has unpublished twice before it leaves, whether it published or not.
  for (int told = told_detached_ ? 1 : 0; told < 2; ++told) publisher_->unpublish();
  publisher_->leave();
}

void VideoRoomHandle::on_message(Message message, Reply reply) {
  auto request = read<AnyRequest>(message.body);
  if (!request) return reply.success(error_body(request.error()));
  std::string name = lower_case(request->request);
  if (const RoomVerb* verb = find_room_verb(name)) {
    RoomCall call{rooms_, message.body, &context_};
    if (verb->run != nullptr) return reply.success(as_json(verb->run(call)));
    return verb->later(call, [reply = std::move(reply)](RoomResult<JsonObject> result) mutable {
      reply.success(as_json(std::move(result)));
    });
  }
  if (std::ranges::find(kAsync, name) == kAsync.end()) {
    auto refused = unknown_request(request->request);
    return reply.success(error_body(refused.error()));
  }
  reply.ack();
  auto outcome = run(name, message);
  if (!outcome) return context_.push_event(message.transaction, error_body(outcome.error()));
  if (!outcome->silent) {
    context_.push_event(message.transaction, std::move(outcome->data), std::move(outcome->jsep));
  }
  if (outcome->then) outcome->then();
}

RoomResult<VideoRoomHandle::Outcome> VideoRoomHandle::run(const std::string& name, Message& message) {
  if (message.jsep && message.jsep->type != "offer" && message.jsep->type != "answer") {
    return refuse(ErrorCode::invalid_sdp_type, "Unknown SDP type '{}'", message.jsep->type);
  }
  if (publisher_) return run_publisher(name, message);
  if (subscriber_) return run_subscriber(name, message);
  return run_fresh(name, message);
}

RoomResult<VideoRoomHandle::Outcome> VideoRoomHandle::run_fresh(const std::string& name, Message& message) {
  if (name == "join" || name == "joinandconfigure") return join(name, message);
  return refuse(ErrorCode::join_first, "Invalid request on unconfigured participant");
}

RoomResult<VideoRoomHandle::Outcome> VideoRoomHandle::run_publisher(const std::string& name, Message& message) {
  bool joins = name == "join" || name == "joinandconfigure";
  if (publisher_->room() == nullptr) {
    if (joins) return refuse(ErrorCode::already_joined, "Not in a room (create a new handle)");
    return refuse(ErrorCode::no_such_room, "No such room");
  }
  if (joins) return refuse(ErrorCode::already_joined, "Already in as a publisher on this handle");
  if (name == "publish" || name == "configure") return publish(name, message);
  if (name == "unpublish") return unpublish();
  if (name == "leave") return leave();
  return unknown_request(name);
}

RoomResult<VideoRoomHandle::Outcome> VideoRoomHandle::run_subscriber(const std::string& name, Message& message) {
  if (name == "join") return refuse(ErrorCode::already_joined, "Already in as a subscriber on this handle");
  if (name == "joinandconfigure" || name == "publish" || name == "unpublish") return unknown_request(name);
  Subscriber& own = *subscriber_;
  if (message.jsep && message.jsep->type == "offer") return reoffered(name, message);
  if (own.answers() && std::ranges::find(kOffering, name) != kOffering.end()) {
    return refuse(ErrorCode::invalid_request, "This subscription only answers: make another one");
  }
  RoomResult<SubscriberReply> reply = unknown_request(name);
  if (name == "start") reply = own.start(message.jsep);
  else if (name == "pause") reply = own.pause();
  else if (name == "subscribe") reply = own.subscribe(message.body);
  else if (name == "unsubscribe") reply = own.unsubscribe(message.body);
  else if (name == "update") reply = own.update(message.body);
  else if (name == "configure") reply = own.configure(message.body);
  else if (name == "switch") reply = own.switch_sources(message.body, message.transaction);
  else if (name == "leave") reply = own.leave();
  if (!reply) return passed_on(reply);
  Outcome out{.data = std::move(reply->data), .jsep = std::move(reply->jsep), .silent = reply->silent};
  if (name == "start") out.then = [&own] { own.push_held_back(); };
  return out;
}

RoomResult<VideoRoomHandle::Outcome> VideoRoomHandle::reoffered(const std::string& name, const Message& message) {
  if (!subscriber_->answers() || name != "configure") {
    return refuse(ErrorCode::invalid_sdp_type, "Only publishers send offers");
  }
  auto answer = subscriber_->answer_again(*message.jsep);
  if (!answer) return passed_on(answer);
  Outcome out;
  out.data = room_event(subscriber_->room_id());
  out.data["configured"] = "ok";
  out.jsep = std::move(*answer);
  return out;
}

RoomResult<VideoRoomHandle::Outcome> VideoRoomHandle::publish(const std::string& name, Message& message) {
  if (name == "publish" && publisher_->active()) {
    return refuse(ErrorCode::already_published, "Can't publish, already published");
  }
  auto request = read<PublishRequest>(message.body);
  if (!request) return passed_on(request);
  if (message.jsep && message.jsep->type != "offer") {
    return refuse(ErrorCode::invalid_sdp_type, "Unknown SDP type '{}'", message.jsep->type);
  }
  if (auto done = publisher_->apply(*request, message.body, message.jsep.has_value()); !done) return passed_on(done);
  Outcome out;
  out.data = room_event(*publisher_->room());
  out.data["configured"] = "ok";
  if (message.jsep) {
    auto answer = publisher_->take_offer(*request, *message.jsep);
    if (!answer) return passed_on(answer);
    publisher_->describe_answer(out.data);
    out.jsep = std::move(*answer);
    out.then = [this] { publisher_->offer_taken(); };
  }
  rooms_.notify(&context_, JsonObject{{"event", "configured"},
                                      {"room", publisher_->room()->id().json()},
                                      {"id", publisher_->id().json()},
                                      {"bitrate", publisher_->bitrate()}});
  return out;
}

RoomResult<VideoRoomHandle::Outcome> VideoRoomHandle::unpublish() {
  if (!publisher_->active()) return refuse(ErrorCode::not_published, "Can't unpublish, not published");
  publisher_->unpublish();
  Outcome out;
  out.data = room_event(*publisher_->room());
  out.data["unpublished"] = "ok";
  context_.close_peer_connection();
  return out;
}

RoomResult<VideoRoomHandle::Outcome> VideoRoomHandle::leave() {
  Outcome out;
  out.data = room_event(*publisher_->room());
  out.data["leaving"] = "ok";
  publisher_->leave();
  return out;
}

void VideoRoomHandle::on_media_up() {
  if (publisher_) publisher_->came_up();
}

void VideoRoomHandle::on_hangup(std::string_view reason) {
  told_detached_ = reason == "Detach" && publisher_ && publisher_->active();
  if (publisher_) publisher_->hung_up();
  if (subscriber_) subscriber_->hung_up();
}

void VideoRoomHandle::on_slow_link(const SlowLink& slow) {
  // Each role is told of the direction that is its business.
  if (publisher_ && !slow.uplink) {
    context_.push_event({}, JsonObject{{"videoroom", "slow_link"}, {"current-bitrate", publisher_->bitrate()}});
  } else if (subscriber_ && slow.uplink) {
    context_.push_event({}, JsonObject{{"videoroom", "slow_link"}});
  }
}

Json VideoRoomHandle::query() const {
  if (publisher_) return publisher_->query();
  if (subscriber_) return subscriber_->query();
  return JsonObject{{"hangingup", 0}, {"destroyed", 0}};
}

}  // namespace limen::videoroom
