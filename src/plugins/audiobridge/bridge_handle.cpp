#include "plugins/audiobridge/bridge_handle.hpp"

#include <algorithm>
#include <array>

#include "plugins/audiobridge/room.hpp"
#include "plugins/audiobridge/room_verbs.hpp"
#include "plugins/audiobridge/rooms.hpp"

namespace limen::audiobridge {
namespace {

// Requests that are acknowledged and answered by an event.
constexpr std::array<std::string_view, 5> kAsync{"join", "configure", "changeroom", "leave", "hangup"};
constexpr size_t kMostWaiting = 64;

std::string lower(std::string_view text) {
  std::string out(text);
  std::ranges::transform(out, out.begin(), [](unsigned char c) { return std::tolower(c); });
  return out;
}

std::string request_name(const Message& message) {
  const Json* name = message.body.if_contains("request");
  return name != nullptr && name->is_string() ? lower(name->get_string()) : "";
}

Json as_json(BridgeResult<JsonObject> result) {
  if (!result) return error_body(result.error());
  return std::move(*result);
}

}  // namespace

BridgeHandle::BridgeHandle(Rooms& rooms, HandleContext& context) : rooms_(rooms), context_(context) {
  context_.install_media([this](MediaContext& media) -> std::unique_ptr<MediaHandler> {
    // Posted closures are dropped when this handle has gone, so `this` is there when they run.
    ParticipantObserver observer;
    observer.talking = [this, &media](uint64_t key, bool talking) {
      media.post_control([this, key, talking] { on_talking(key, talking); });
    };
    observer.level = [this, &media](uint32_t level) { media.post_control([this, level] { level_ = level; }); };
    observer.backlog = [this, &media](Backlog backlog) { media.post_control([this, backlog] { backlog_ = backlog; }); };
    return std::make_unique<ParticipantMedia>(media, std::move(observer));
  });
}

BridgeHandle::~BridgeHandle() {
  end_stay(true);
}

void BridgeHandle::on_message(Message message, Reply reply) {
  auto request = read<AnyRequest>(message.body);
  if (!request) return reply.success(error_body(request.error()));
  std::string name = lower(request->request);
  if (const RoomVerb* verb = find_room_verb(name)) {
    RoomCall call{rooms_, message.body, &context_, participant_.get()};
    if (verb->run != nullptr) return reply.success(as_json(verb->run(call)));
    return verb->later(call, [reply = std::move(reply)](BridgeResult<JsonObject> result) mutable {
      reply.success(as_json(std::move(result)));
    });
  }
  if (std::ranges::find(kAsync, name) == kAsync.end()) {
    BridgeError unknown{ErrorCode::invalid_request, fmt::format("Unknown request '{}'", request->request)};
    return reply.success(error_body(unknown));
  }
  if (waiting_.size() >= kMostWaiting) {
    return reply.success(error_body({ErrorCode::unknown, "Too many requests are waiting"}));
  }
  reply.ack();
  if (opening_) waiting_.push_back(std::move(message));
  else handle(std::move(message));
}

void BridgeHandle::handle(Message message) {
  std::string name = request_name(message);
  if (wants_plain_port(name, message)) return open_plain_port(std::move(message));
  auto outcome = run(name, message);
  answer(message, std::move(outcome));
}

void BridgeHandle::answer(const Message& message, BridgeResult<Outcome> outcome) {
  if (!outcome) return context_.push_event(message.transaction, error_body(outcome.error()));
  context_.push_event(message.transaction, std::move(outcome->data), std::move(outcome->jsep));
  if (outcome->then) outcome->then();
}

BridgeResult<BridgeHandle::Outcome> BridgeHandle::run(const std::string& name, Message& message) {
  BridgeResult<Outcome> outcome = name == "join"         ? join(message.body)
                                  : name == "configure"  ? configure(message.body, message.jsep.has_value())
                                  : name == "changeroom" ? change_room(message.body)
                                  : name == "leave"      ? leave()
                                                         : BridgeResult<Outcome>(hang_up());
  if (!outcome || !message.jsep) return outcome;
  if (auto good = take_jsep(*message.jsep, *outcome); !good) return passed_on(good);
  return outcome;
}

BridgeResult<BridgeHandle::Outcome> BridgeHandle::configure(const JsonObject& body, bool has_jsep) {
  if (!participant_) return refuse(ErrorCode::not_joined, "Can't configure (not in a room)");
  auto request = read<MediaRequest>(body);
  if (!request) return passed_on(request);
  if (auto good = apply(*request); !good) return passed_on(good);
  Outcome out;
  out.data = JsonObject{{"audiobridge", "event"}, {"result", "ok"}};
  if (has_jsep || line_.plain) return out;
  bool again = line_.plugin_offer && request->update.value_or(false);
  bool first = !line_.negotiated && request->generate_offer.value_or(false);
  if (again || first) out.jsep = make_offer();
  return out;
}

BridgeResult<> BridgeHandle::apply(const MediaRequest& r) {
  Participant& who = *participant_;
  Wishes& w = who.wishes;
  if (r.quality && (*r.quality < 1 || *r.quality > 10)) {
    return refuse(ErrorCode::invalid_element,
                  "Invalid element (quality should be a positive integer between 1 and 10)");
  }
  if (r.expected_loss && *r.expected_loss > kMaxExpectedLoss) {
    return refuse(ErrorCode::invalid_element,
                  "Invalid element (expected_loss should be a positive integer between 0 and 20)");
  }
  if (r.group && !who.room().settings().groups.empty()) {
    auto group = who.room().settings().group(*r.group);
    if (!group) return refuse(ErrorCode::no_such_group, "No such group ({})", *r.group);
    w.group = group;
  }
  if (r.quality) w.quality = static_cast<uint32_t>(*r.quality);
  if (r.expected_loss) w.expected_loss = static_cast<uint32_t>(*r.expected_loss);
  if (r.muted) w.muted = *r.muted;
  if (r.display) w.display = *r.display;
  if (r.bitrate) w.bitrate = usable_bitrate(*r.bitrate);
  if (r.volume) w.volume = static_cast<uint32_t>(std::min<uint64_t>(*r.volume, UINT32_MAX));
  if (r.spatial_position) w.position = static_cast<uint32_t>(std::min<uint64_t>(*r.spatial_position, 100));
  who.apply();
  if (r.record) who.record(*r.record, r.filename.value_or(""));
  if (r.rtp && line_.plain) set_plain_remote(*r.rtp);
  if (r.muted || r.display || r.spatial_position) who.tell_state();
  JsonObject details{{"muted", w.muted}, {"quality", w.quality}};
  if (w.display) details["display"] = *w.display;
  if (w.bitrate != 0) details["bitrate"] = w.bitrate;
  if (who.room().settings().spatial_audio) details["spatial_position"] = w.position;
  notify("configured", std::move(details));
  return {};
}

BridgeResult<BridgeHandle::Outcome> BridgeHandle::leave() {
  if (!participant_) return refuse(ErrorCode::not_joined, "Can't leave (not in a room)");
  Outcome out;
  out.data = JsonObject{
      {"audiobridge", "left"}, {"room", participant_->room().id().json()}, {"id", participant_->id().json()}};
  notify_left(&context_);
  drop_participant(true);
  return out;
}

BridgeHandle::Outcome BridgeHandle::hang_up() {
  Outcome out;
  out.data = JsonObject{{"audiobridge", "hangingup"}};
  end_stay(true);
  out.then = [this] {
    if (context_.has_peer_connection()) context_.close_peer_connection();
  };
  return out;
}

void BridgeHandle::end_stay(bool announce) {
  if (!participant_) return;
  if (announce) notify_left(nullptr);
  drop_participant(announce);
}

void BridgeHandle::drop_participant(bool announce) {
  Room& room = participant_->room();
  JsonObject news = room.event();
  news["leaving"] = participant_->id().json();
  participant_.reset();
  close_plain_port();
  if (announce) room.tell_all(news);
}

void BridgeHandle::on_media_up() {
  line_.up = true;
  if (!participant_) return;
  participant_->media_is_up();
  participant_->tell_state();
}

void BridgeHandle::on_hangup(std::string_view) {
  end_stay(true);
  std::optional<Codec> codec = line_.codec;
  line_ = {};
  line_.codec = codec;
}

void BridgeHandle::on_talking(uint64_t key, bool talking) {
  if (!participant_ || participant_->key() != key) return;
  participant_->talking = talking;
  JsonObject news{{"audiobridge", talking ? "talking" : "stopped-talking"},
                  {"room", participant_->room().id().json()},
                  {"id", participant_->id().json()}};
  participant_->room().tell_all(news);
  rooms_.notify(&context_, std::move(news));
}

// To event handlers, of the participant.
void BridgeHandle::notify(std::string_view event, JsonObject details) {
  JsonObject out{{"event", event}, {"room", participant_->room().id().json()}, {"id", participant_->id().json()}};
  for (auto& detail : details) out[detail.key()] = detail.value();
  rooms_.notify(&context_, std::move(out));
}

// Of who leaves by asking for it, with its handle; of who is gone, without.
void BridgeHandle::notify_left(HandleContext* subject) {
  rooms_.notify(subject, participant_->left_notice());
}

Json BridgeHandle::query() const {
  JsonObject out{{"state", participant_ ? "inroom" : "idle"}};
  if (participant_) {
    const Participant& who = *participant_;
    const Wishes& w = who.wishes;
    out["room"] = who.room().id().json();
    out["id"] = who.id().json();
    if (w.group) out["group"] = who.room().settings().groups[*w.group];
    if (w.display) out["display"] = *w.display;
    if (who.admin()) out["admin"] = true;
    out["muted"] = w.muted;
    out["active"] = line_.up;
    out["buffer-in"] = backlog_.packets;
    out["queue-in"] = backlog_.frames;
    out["queue-out"] = 0;  // frames of the mix are sent when they are made
    if (who.room().settings().spatial_audio) out["spatial_position"] = w.position;
    if (!who.recording_path().empty()) out["audio-recording"] = who.recording_path();
    if (line_.levels) {
      out["audio-level-dBov"] = level_;
      out["talking"] = who.talking;
    }
    out["fec"] = line_.fec;
    out["expected-loss"] = w.expected_loss;
    if (w.bitrate != 0) out["opus-bitrate"] = w.bitrate;
    if (line_.plain) {
      JsonObject plain{{"local-ip", line_.plain->local_ip},
                       {"local-port", line_.plain->local_port},
                       {"local-ssrc", line_.plain->ssrc}};
      if (line_.plain->remote) {
        plain["remote-ip"] = line_.plain->remote->ip.to_string();
        plain["remote-port"] = line_.plain->remote->port;
      }
      out["plain-rtp"] = std::move(plain);
    }
    out["suspended"] = w.suspended;
  }
  out["plugin-offer"] = line_.plugin_offer;
  out["started"] = line_.up;
  out["hangingup"] = false;
  out["destroyed"] = false;
  return out;
}

}  // namespace limen::audiobridge
