// Requests about the participants of a room (contract, section 3).
#include "plugins/audiobridge/participant.hpp"
#include "plugins/audiobridge/requests.hpp"
#include "plugins/audiobridge/room_mixer.hpp"
#include "plugins/audiobridge/room_verbs.hpp"
#include "plugins/audiobridge/rooms.hpp"

namespace limen::audiobridge {
namespace {

BridgeResult<Participant*> find_member(const Room& room, const Id& id) {
  if (Participant* member = room.find(id)) return member;
  return refuse(ErrorCode::no_such_user, "No such user {} in room {}", id.text(), room.id().text());
}

// The participant that `id` names, in the room that `room` names, if the secret is right.
BridgeResult<Participant*> managed_member(const RoomCall& call) {
  auto id = require_id(call.body, "id", call.rooms.strings());
  auto named = require_id(call.body, "room", call.rooms.strings());
  if (!named) return passed_on(named);
  if (!id) return passed_on(id);
  auto room = call.rooms.access(call.body);
  if (!room) return passed_on(room);
  return find_member(**room, *id);
}

JsonObject success(const Room& room) {
  return {{"audiobridge", "success"}, {"room", room.id().json()}};
}

BridgeResult<JsonObject> set_muted(const RoomCall& call, bool muted) {
  auto member = managed_member(call);
  if (!member) return passed_on(member);
  Participant& who = **member;
  if (who.wishes.muted == muted) return JsonObject{{"audiobridge", "success"}};
  who.wishes.muted = muted;
  who.apply();
  who.tell_state(true);
  call.rooms.notify(
      call.handle,
      JsonObject{{"event", muted ? "mute" : "unmute"}, {"room", who.room().id().json()}, {"id", who.id().json()}});
  return success(who.room());
}

BridgeResult<JsonObject> set_room_muted(const RoomCall& call, bool muted) {
  auto found = call.rooms.access(call.body);
  if (!found) return passed_on(found);
  Room& room = **found;
  if (room.muted() == muted) return JsonObject{{"audiobridge", "success"}};
  room.set_muted(muted);
  JsonObject news = room.event();
  news["muted"] = muted;
  room.tell_all(news);
  call.rooms.notify(call.handle,
                    JsonObject{{"event", muted ? "mute_room" : "unmute_room"}, {"room", room.id().json()}});
  return success(room);
}

void notify_kick(const RoomCall& call, std::string_view what, const Room& room, const Id& id) {
  call.rooms.notify(call.handle, JsonObject{{"event", what}, {"room", room.id().json()}, {"id", id.json()}});
}

// Somebody's peer connection is closed, if there is one, and the place in the room is free.
void remove(Participant& who) {
  HandleContext& context = who.context();
  who.remove(true);
  if (context.has_peer_connection()) context.close_peer_connection();
}

// Suspending and resuming: by oneself without the secret, which is looked at last.
BridgeResult<Participant*> own_or_managed_member(const RoomCall& call) {
  auto room = call.rooms.named(call.body);
  if (!room) return passed_on(room);
  auto id = require_id(call.body, "id", call.rooms.strings());
  if (!id) return passed_on(id);
  auto member = find_member(**room, *id);
  if (!member || *member == call.asking) return member;
  if (auto good = check_secret<ErrorCode>(call.body, "secret", (*room)->settings().secret); !good)
    return passed_on(good);
  return member;
}

void tell_resumed(Participant& who, bool paused) {
  JsonObject news = who.room().event();
  news["resumed"] = who.id().json();
  who.room().tell_all(news, paused ? &who : nullptr);
  if (!paused) return;
  JsonArray recap;
  for (const auto& [id, other] : who.room().members()) {
    if (other != &who) recap.push_back(other->describe(View::list));
  }
  news["participants"] = std::move(recap);
  who.tell(news);
}

}  // namespace

BridgeResult<JsonObject> list_participants(const RoomCall& call) {
  auto room = call.rooms.named(call.body);
  if (!room) return passed_on(room);
  JsonArray list;
  for (const auto& [id, member] : (*room)->members()) list.push_back(member->describe(View::list));
  return JsonObject{{"audiobridge", "participants"}, {"room", (*room)->id().json()}, {"participants", std::move(list)}};
}

BridgeResult<JsonObject> mute_member(const RoomCall& call) {
  return set_muted(call, true);
}

BridgeResult<JsonObject> unmute_member(const RoomCall& call) {
  return set_muted(call, false);
}

BridgeResult<JsonObject> mute_room(const RoomCall& call) {
  return set_room_muted(call, true);
}

BridgeResult<JsonObject> unmute_room(const RoomCall& call) {
  return set_room_muted(call, false);
}

BridgeResult<JsonObject> kick_member(const RoomCall& call) {
  auto member = managed_member(call);
  if (!member) return passed_on(member);
  Participant& who = **member;
  Room& room = who.room();
  JsonObject news = room.event();
  news["kicked"] = who.id().json();
  room.tell_all(news, &who);
  who.tell(news);  // even if it asked for no events while suspended
  notify_kick(call, "kicked", room, who.id());
  remove(who);
  return JsonObject{{"audiobridge", "success"}};
}

BridgeResult<JsonObject> kick_all(const RoomCall& call) {
  auto found = call.rooms.access(call.body);
  if (!found) return passed_on(found);
  Room& room = **found;
  std::vector<Participant*> everybody;
  for (const auto& [id, member] : room.members()) everybody.push_back(member);
  for (Participant* who : everybody) {
    JsonObject news = room.event();
    news["kicked_all"] = who->id().json();
    who->tell(news);
    notify_kick(call, "kicked_all", room, who->id());
    call.rooms.notify(nullptr, who->left_notice());  // though the others hear nothing of it
    HandleContext& context = who->context();
    who->remove(false);
    if (context.has_peer_connection()) context.close_peer_connection();
  }
  return JsonObject{{"audiobridge", "success"}};
}

BridgeResult<JsonObject> reset_decoder(const RoomCall& call) {
  if (call.asking == nullptr) return refuse(ErrorCode::not_joined, "Can't reset (not in a room)");
  call.asking->room().mixer().post([key = call.asking->key()](RoomMixer& mixer) { mixer.reset_decoder(key); });
  return JsonObject{{"audiobridge", "success"}};
}

BridgeResult<JsonObject> suspend_member(const RoomCall& call) {
  auto request = read<SuspendRequest>(call.body);
  if (!request) return passed_on(request);
  auto member = own_or_managed_member(call);
  if (!member) return passed_on(member);
  Participant& who = **member;
  if (who.wishes.suspended) return JsonObject{{"audiobridge", "success"}};
  JsonObject news = who.room().event();
  news["suspended"] = who.id().json();
  who.room().tell_all(news);
  who.wishes.suspended = true;
  who.wishes.pause_events = request->pause_events.value_or(false);
  who.apply();
  if (request->stop_record.value_or(false)) who.record(false);
  call.rooms.notify(call.handle,
                    JsonObject{{"event", "suspended"}, {"room", who.room().id().json()}, {"id", who.id().json()}});
  return JsonObject{{"audiobridge", "success"}};
}

BridgeResult<JsonObject> resume_member(const RoomCall& call) {
  auto request = read<SuspendRequest>(call.body);
  if (!request) return passed_on(request);
  auto member = own_or_managed_member(call);
  if (!member) return passed_on(member);
  Participant& who = **member;
  if (!who.wishes.suspended) return JsonObject{{"audiobridge", "success"}};
  bool paused = who.wishes.pause_events;
  who.wishes.suspended = who.wishes.pause_events = false;
  who.apply();
  if (request->record.value_or(false)) who.record(true, request->filename.value_or(""));
  tell_resumed(who, paused);
  call.rooms.notify(call.handle,
                    JsonObject{{"event", "resumed"}, {"room", who.room().id().json()}, {"id", who.id().json()}});
  return JsonObject{{"audiobridge", "success"}};
}

}  // namespace limen::audiobridge
