// RoomId: how a room is named, and how requests name it. Plain values, any thread.
#pragma once
#include "api/object_id.hpp"
#include "plugins/textroom/text_errors.hpp"

namespace limen::textroom {

using RoomId = ObjectId;

// The `room` of a request; nullopt if it is absent.
inline TextResult<std::optional<RoomId>> read_room_id(const JsonObject& body, bool strings) {
  return checked(read_object_id(body, "room", strings));
}

inline TextResult<RoomId> require_room_id(const JsonObject& body, bool strings) {
  return checked(require_object_id(body, "room", strings));
}

}  // namespace limen::textroom
