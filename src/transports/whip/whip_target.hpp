// What the path of a request means: an endpoint, a session made there, or one of a session's extensions.
//
//   /whip/room/<room>[/<feed>]   publish into a room (under that feed id)
//   /whip/stream/<mountpoint>    publish into a mountpoint of type "whip"
//   /whep/room/<room>/<feed>     play what somebody publishes in a room
//   /whep/stream/<mountpoint>    play a mountpoint
//   <endpoint>/session/<name>[/sse[/<stream>]|/layer]   what an endpoint's answer named
//
// Pure functions, any thread.
#pragma once
#include <optional>
#include <string>
#include <string_view>

#include "api/json.hpp"

namespace limen::whip {

enum class Role : uint8_t { publish, play };
enum class Plugin : uint8_t { videoroom, streaming };
enum class Part : uint8_t { session, events, event_stream, layer };

struct EndpointTarget {
  Role role = Role::publish;
  Plugin plugin = Plugin::videoroom;
  Json id;                   // of the room or mountpoint: a number if it looks like one
  std::optional<Json> feed;  // rooms
};

struct SessionTarget {
  std::string name;
  Part part = Part::session;
  std::string stream;  // event_stream
};

struct WhipTarget {
  std::optional<EndpointTarget> endpoint;  // one of the two, or neither: there is nothing
  std::optional<SessionTarget> session;
};

// Is `path` under `base` ("/whip")?
bool is_under(std::string_view path, std::string_view base);
// `path` without query, percent-encoded; under one of the two.
WhipTarget parse_target(std::string_view path, std::string_view whip_base, std::string_view whep_base);
// Numbers of a path again as the texts they were written as.
std::string id_text(const Json& id);

}  // namespace limen::whip
