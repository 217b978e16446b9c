// The requests about mountpoints that are answered with the reply, on any handle and by the admin API: one function
// each, found in a table (contract, section 3).
//
// Control thread.
#pragma once
#include <functional>
#include <memory>
#include <string_view>

#include "api/plugin.hpp"
#include "plugins/streaming/streaming_errors.hpp"

namespace limen::streaming {

class Mountpoints;

// The handle that asks, as long as it is there; none: the admin API.
using Asker = std::weak_ptr<HandleContext*>;

struct MountpointCall {
  Mountpoints& mountpoints;
  const JsonObject& body;
  Asker asker = {};
};

using MountpointAnswer = std::move_only_function<void(StreamResult<JsonObject>)>;

struct MountpointVerb {
  std::string_view name;
  // One of the two. `later` may answer after it has returned.
  StreamResult<JsonObject> (*run)(const MountpointCall&) = nullptr;
  void (*later)(const MountpointCall&, MountpointAnswer) = nullptr;
};

// By lower-case name; null if there is none.
const MountpointVerb* find_mountpoint_verb(std::string_view name);

StreamResult<JsonObject> list_mountpoints(const MountpointCall& call);
StreamResult<JsonObject> mountpoint_info(const MountpointCall& call);
void create_mountpoint(const MountpointCall& call, MountpointAnswer answer);
StreamResult<JsonObject> edit_mountpoint(const MountpointCall& call);
StreamResult<JsonObject> destroy_mountpoint(const MountpointCall& call);
StreamResult<JsonObject> kick_viewers(const MountpointCall& call);
StreamResult<JsonObject> enable_mountpoint(const MountpointCall& call);
StreamResult<JsonObject> disable_mountpoint(const MountpointCall& call);
void record_mountpoint(const MountpointCall& call, MountpointAnswer answer);

}  // namespace limen::streaming
