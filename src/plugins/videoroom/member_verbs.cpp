// Requests about the members of a room (contract, 3.7 to 3.10).
#include "plugins/videoroom/publisher.hpp"
#include "plugins/videoroom/requests.hpp"
#include "plugins/videoroom/room_verbs.hpp"
#include "plugins/videoroom/rooms.hpp"

namespace limen::videoroom {
namespace {

struct Target {
  Room* room = nullptr;
  Publisher* member = nullptr;
};

RoomResult<Target> find_target(const RoomCall& call, const Id& id) {
  auto room = call.rooms.access(call.body);
  if (!room) return passed_on(room);
  Publisher* member = (*room)->find(id);
  if (member != nullptr) return Target{*room, member};
  return refuse(ErrorCode::no_such_feed, "No such user {} in room {}", id.text(), (*room)->id().text());
}

}  // namespace

RoomResult<JsonObject> kick_member(const RoomCall& call) {
  auto id = require_id(call.body, "id", call.rooms.strings());
  if (!id) return passed_on(id);
  auto target = find_target(call, *id);
  if (!target) return passed_on(target);
  if (target->member->dummy()) return refuse(ErrorCode::no_such_feed, "Can't kick dummy users");
  target->member->kicked();
  return JsonObject{{"videoroom", "success"}};
}

RoomResult<JsonObject> moderate_member(const RoomCall& call) {
  auto id = require_id(call.body, "id", call.rooms.strings());
  if (!id) return passed_on(id);
  auto request = read<ModerateRequest>(call.body);
  if (!request) return passed_on(request);
  auto target = find_target(call, *id);
  if (!target) return passed_on(target);
  PublishedStream* stream = target->member->find(request->mid);
  if (stream == nullptr) return refuse(ErrorCode::no_such_feed, "No such stream {}", request->mid);
  target->member->moderate(*stream, request->mute);
  return JsonObject{{"videoroom", "success"}};
}

RoomResult<JsonObject> list_participants(const RoomCall& call) {
  auto id = require_id(call.body, "room", call.rooms.strings());
  if (!id) return passed_on(id);
  Room* room = call.rooms.find(*id);
  if (room == nullptr) return refuse(ErrorCode::no_such_room, "No such room ({})", id->text());
  JsonArray list;
  for (const auto& [member_id, member] : room->members()) {
    JsonObject entry = member->card();
    if (member->dummy()) entry["dummy"] = true;
    if (member->remote()) entry["remote"] = true;
    entry["publisher"] = member->active();
    if (member->active() && member->tells_talking()) entry["talking"] = member->talks();
    list.push_back(std::move(entry));
  }
  return JsonObject{{"videoroom", "participants"}, {"room", id->json()}, {"participants", std::move(list)}};
}

RoomResult<JsonObject> record_room(const RoomCall& call) {
  auto request = read<RecordingRequest>(call.body);
  if (!request) return passed_on(request);
  auto room = call.rooms.access(call.body);
  if (!room) return passed_on(room);
  RoomSettings& settings = (*room)->settings();
  if (settings.record != request->record) {
    settings.record = request->record;
    for (const auto& [id, member] : (*room)->members()) member->set_recording(request->record);
  }
  return JsonObject{{"videoroom", "success"}, {"record", request->record}};
}

}  // namespace limen::videoroom
