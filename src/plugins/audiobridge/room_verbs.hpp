// The requests that are answered at once, on any handle and by the admin API: one function each, found in a
// table (contract, section 3).
//
// Control thread.
#pragma once
#include <functional>
#include <string_view>

#include "api/plugin.hpp"
#include "plugins/audiobridge/errors.hpp"

namespace limen::audiobridge {

class Participant;
class Room;
class Rooms;

struct RoomCall {
  Rooms& rooms;
  const JsonObject& body;
  HandleContext* handle = nullptr;  // who asks; null: the admin API
  Participant* asking = nullptr;    // the handle's participant; null: it is in no room
};

using RoomAnswer = std::move_only_function<void(BridgeResult<JsonObject>)>;

struct RoomVerb {
  std::string_view name;
  // One of the two. `later` may answer after it has returned.
  BridgeResult<JsonObject> (*run)(const RoomCall&) = nullptr;
  void (*later)(const RoomCall&, RoomAnswer) = nullptr;
};

// By lower-case name; null if there is none.
const RoomVerb* find_room_verb(std::string_view name);

// room_verbs.cpp
BridgeResult<JsonObject> create_room(const RoomCall& call);
BridgeResult<JsonObject> edit_room(const RoomCall& call);
BridgeResult<JsonObject> destroy_room(const RoomCall& call);
BridgeResult<JsonObject> room_exists(const RoomCall& call);
BridgeResult<JsonObject> list_rooms(const RoomCall& call);
BridgeResult<JsonObject> edit_allowed(const RoomCall& call);
BridgeResult<JsonObject> record_room(const RoomCall& call);
BridgeResult<JsonObject> record_participants(const RoomCall& call);
// member_verbs.cpp
BridgeResult<JsonObject> list_participants(const RoomCall& call);
BridgeResult<JsonObject> mute_member(const RoomCall& call);
BridgeResult<JsonObject> unmute_member(const RoomCall& call);
BridgeResult<JsonObject> mute_room(const RoomCall& call);
BridgeResult<JsonObject> unmute_room(const RoomCall& call);
BridgeResult<JsonObject> kick_member(const RoomCall& call);
BridgeResult<JsonObject> kick_all(const RoomCall& call);
BridgeResult<JsonObject> reset_decoder(const RoomCall& call);
BridgeResult<JsonObject> suspend_member(const RoomCall& call);
BridgeResult<JsonObject> resume_member(const RoomCall& call);
// forward_verbs.cpp
void forward_mix(const RoomCall& call, RoomAnswer answer);
BridgeResult<JsonObject> stop_forward(const RoomCall& call);
BridgeResult<JsonObject> list_forwards(const RoomCall& call);
// Opens the forwarder of a room's configuration; what is wrong is logged.
void start_static_forward(Rooms& rooms, Room& room);
// file_verbs.cpp
void play_file(const RoomCall& call, RoomAnswer answer);
BridgeResult<JsonObject> is_playing(const RoomCall& call);
BridgeResult<JsonObject> stop_file(const RoomCall& call);
BridgeResult<JsonObject> stop_all_files(const RoomCall& call);
BridgeResult<JsonObject> list_files(const RoomCall& call);
// The mixer has used up most of what was read of that announcement.
void read_more(Rooms& rooms, Room& room, uint64_t announcement);

}  // namespace limen::audiobridge
