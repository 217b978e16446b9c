// The requests about rooms that are answered at once, on any handle and by the admin API: one function
// each, found in a table (contract, sections 3, 6 and 7).
//
// Control thread.
#pragma once
#include <functional>
#include <string>
#include <string_view>

#include "api/plugin.hpp"
#include "plugins/videoroom/errors.hpp"

namespace limen::videoroom {

class Rooms;

struct RoomCall {
  Rooms& rooms;
  const JsonObject& body;
  HandleContext* handle = nullptr;  // who asks; null: the admin API
};

using RoomAnswer = std::move_only_function<void(RoomResult<JsonObject>)>;

struct RoomVerb {
  std::string_view name;
  // One of the two. `later` may answer after it has returned.
  RoomResult<JsonObject> (*run)(const RoomCall&) = nullptr;
  void (*later)(const RoomCall&, RoomAnswer) = nullptr;
};

std::string lower_case(std::string_view text);
// By lower-case name; null if there is none.
const RoomVerb* find_room_verb(std::string_view name);

RoomResult<JsonObject> create_room(const RoomCall& call);
RoomResult<JsonObject> edit_room(const RoomCall& call);
RoomResult<JsonObject> destroy_room(const RoomCall& call);
RoomResult<JsonObject> room_exists(const RoomCall& call);
RoomResult<JsonObject> list_rooms(const RoomCall& call);
RoomResult<JsonObject> edit_allowed(const RoomCall& call);

RoomResult<JsonObject> kick_member(const RoomCall& call);
RoomResult<JsonObject> moderate_member(const RoomCall& call);
RoomResult<JsonObject> list_participants(const RoomCall& call);
RoomResult<JsonObject> record_room(const RoomCall& call);

void forward_rtp(const RoomCall& call, RoomAnswer answer);
RoomResult<JsonObject> stop_forward_rtp(const RoomCall& call);
RoomResult<JsonObject> list_forwarders(const RoomCall& call);

void add_remote_publisher(const RoomCall& call, RoomAnswer answer);
RoomResult<JsonObject> update_remote_publisher(const RoomCall& call);
RoomResult<JsonObject> remove_remote_publisher(const RoomCall& call);
void publish_remotely(const RoomCall& call, RoomAnswer answer);
RoomResult<JsonObject> unpublish_remotely(const RoomCall& call);
RoomResult<JsonObject> list_remotes(const RoomCall& call);

}  // namespace limen::videoroom
