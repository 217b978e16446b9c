// MountpointId: how mountpoints are named, and how requests name them. Plain values, any thread.
#pragma once
#include "api/object_id.hpp"
#include "plugins/streaming/streaming_errors.hpp"

namespace limen::streaming {

using MountpointId = ObjectId;

// `id` of a request, of the kind that `strings` says; nullopt if absent (and not mandatory).
inline StreamResult<std::optional<MountpointId>> read_id(const JsonObject& body, bool strings, bool mandatory) {
  return checked(read_object_id(body, "id", strings, mandatory));
}

// The same for what must be there.
inline StreamResult<MountpointId> require_id(const JsonObject& body, bool strings) {
  return checked(require_object_id(body, "id", strings));
}

}  // namespace limen::streaming
