// Id: how rooms, participants and feeds are named, and how requests name them. Plain values, any thread.
#pragma once
#include "api/object_id.hpp"
#include "plugins/videoroom/errors.hpp"

namespace limen::videoroom {

using Id = ObjectId;

// The id at `key`, of the kind that `strings` says; nullopt if absent (and not mandatory).
inline RoomResult<std::optional<Id>> read_id(const JsonObject& body, std::string_view key, bool strings,
                                             bool mandatory) {
  return checked(read_object_id(body, key, strings, mandatory));
}

// The same for what must be there.
inline RoomResult<Id> require_id(const JsonObject& body, std::string_view key, bool strings) {
  return checked(require_object_id(body, key, strings));
}

}  // namespace limen::videoroom
