// Rooms: all rooms of the server, the plugin's general settings, and what is the same for all of them.
//
// Control thread; owned by the plugin, outlives every handle.
#pragma once
#include <algorithm>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>

#include "api/plugin.hpp"
#include "plugins/videoroom/awaited.hpp"
#include "plugins/videoroom/forwarding.hpp"
#include "plugins/videoroom/remote_feed.hpp"
#include "plugins/videoroom/room.hpp"

namespace limen::videoroom {

struct GeneralSettings {
  std::string admin_key;
  bool lock_rtp_forward = false;
  bool events = true;
  bool string_ids = false;
};
template <typename V>
void describe(V& v, GeneralSettings& s) {
  v.field("admin_key", s.admin_key, "Needed to create rooms; shows private ones in lists");
  v.field("lock_rtp_forward", s.lock_rtp_forward, "Forwarding needs the admin key, too");
  v.field("events", s.events, "Tell event handlers of what happens");
  v.field("string_ids", s.string_ids, "Rooms and participants have texts as ids");
}

// Where a remote publisher's media may be sent.
struct RemotePorts {
  uint16_t port = 0, rtcp_port = 0;
};

class Rooms {
 public:
  Rooms() = default;
  Rooms(const Rooms&) = delete;
  Rooms& operator=(const Rooms&) = delete;

  // Reads the configuration file and makes its rooms.
  Result<> start(PluginContext& context);
  // The same reading, changing nothing.
  static Result<> check(const std::string& folder, config::Findings& findings);

  PluginContext& context() { return *context_; }
  const GeneralSettings& general() const { return general_; }
  bool strings() const { return general_.string_ids; }
  // Is there a configuration file that rooms can be saved in?
  bool can_save() const { return can_save_; }
  // Writes the room into the file, or takes it out; false (and logged): it could not be done.
  bool save(const Room& room);
  bool forget_saved(const Id& id);
  // A media loop for what no handle receives; they take turns.
  uint32_t next_shard() { return shard_++ % std::max<uint32_t>(context_->shard_count(), 1); }

  Room* find(const Id& id) const;
  const std::map<Id, std::unique_ptr<Room>>& all() const { return rooms_; }
  Id free_id();
  // An id for a participant of that room.
  Id free_member_id(const Room& room);
  uint32_t free_private_id(const Room& room);
  Room& add(Id id, RoomSettings settings);
  // Tells its participants and ends it.
  void destroy(Room& room);

  // The room that the request names, if its secret is right.
  RoomResult<Room*> access(const JsonObject& body) const;
  // The same with `room` read already.
  RoomResult<Room*> access(const Id& id, const JsonObject& body) const;

  // Null if the room or the member has gone.
  Publisher* find_member(const Id& room, const Id& member) const;
  // A new name for a remote publisher's media half, and where its search for free ports begins.
  RemoteFeedId next_feed() { return {next_shard(), ++last_feed_}; }
  uint16_t next_port();

  // What was asked of shards.
  using ForwardsOpened = Awaited<std::vector<Forward>>::Done;
  Awaited<std::vector<Forward>> forwards;
  Awaited<Result<RemotePorts>> feeds;

  // To event handlers; `handle` null: tied to none.
  void notify(HandleContext* handle, JsonObject data);

 private:
  PluginContext* context_ = nullptr;
  GeneralSettings general_;
  bool can_save_ = false;
  std::map<Id, std::unique_ptr<Room>> rooms_;
  uint32_t shard_ = 0;
  uint64_t last_feed_ = 0;
  uint16_t last_port_ = RemoteSpec::kFirstPort - 2;
};

// The admin key, where forwarding is locked.
RoomResult<> check_forward_key(const Rooms& rooms, const JsonObject& body);

}  // namespace limen::videoroom
