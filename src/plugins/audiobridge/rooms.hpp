// Rooms: all rooms of the server, the plugin's general settings, and what is the same for all of them.
//
// Control thread; owned by the plugin, outlives every handle.
#pragma once
#include <algorithm>
#include <map>
#include <memory>
#include <string>

#include "api/plugin.hpp"
#include "plugins/audiobridge/room.hpp"

namespace limen::audiobridge {

struct GeneralSettings {
  std::string admin_key;
  bool lock_rtp_forward = false, lock_play_file = false;
  std::string record_tmp_ext;
  bool events = true;
  bool string_ids = false;
  std::string rtp_port_range;
  std::string local_ip;
};
template <typename V>
void describe(V& v, GeneralSettings& s) {
  v.field("admin_key", s.admin_key, "Needed to create rooms; shows private ones in lists");
  v.field("lock_rtp_forward", s.lock_rtp_forward, "Forwarding needs the admin key, too");
  v.field("lock_play_file", s.lock_play_file, "Playing files needs the admin key, too");
  v.field("record_tmp_ext", s.record_tmp_ext, "Extension of WAV files that are still being written");
  v.field("events", s.events, "Tell event handlers of what happens");
  v.field("string_ids", s.string_ids, "Rooms and participants have texts as ids");
  v.field("rtp_port_range", s.rtp_port_range, "Ports for plain RTP participants, min-max");
  v.field("local_ip", s.local_ip, "Address told to plain RTP participants");
}

// Where plain RTP participants are received.
struct PlainRtpSettings {
  uint16_t min_port = 10000, max_port = 60000;
  std::string local_ip = "127.0.0.1";
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
  const PlainRtpSettings& plain_rtp() const { return plain_; }
  bool strings() const { return general_.string_ids; }
  // Is there a configuration file that rooms can be saved in?
  bool can_save() const { return can_save_; }
  // Writes the room into the file, or takes it out; false (and logged): it could not be done.
  bool save(const Room& room);
  bool forget_saved(const Id& id);

  Room* find(const Id& id) const;
  // The room whose mixer it is.
  Room* find(MixerId mixer) const;
  const std::map<Id, std::unique_ptr<Room>>& all() const { return rooms_; }
  Id free_id();
  Id free_member_id(const Room& room);
  uint64_t next_key() { return ++last_key_; }
  Room& add(Id id, RoomSettings settings);
  // Tells its participants and ends it.
  void destroy(Room& room);

  // The room that the request names (483, 484, 485), and if its secret is right (489).
  BridgeResult<Room*> named(const JsonObject& body) const;
  BridgeResult<Room*> access(const JsonObject& body) const;
  // The same for requests that do not look at the name itself: what is no name is no room.
  BridgeResult<Room*> access_any(const JsonObject& body) const;

  // To event handlers; `handle` null: tied to none.
  void notify(HandleContext* handle, JsonObject data);

 private:
  PluginContext* context_ = nullptr;
  GeneralSettings general_;
  PlainRtpSettings plain_;
  bool can_save_ = false;
  std::map<Id, std::unique_ptr<Room>> rooms_;
  uint64_t last_key_ = 0;
};

}  // namespace limen::audiobridge
