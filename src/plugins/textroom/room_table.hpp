// RoomTable: all rooms, from the configuration file and from requests; saves the permanent ones.
//
// Control thread.
#pragma once
#include <map>
#include <memory>
#include <string>

#include "base/random.hpp"
#include "base/result.hpp"
#include "config/config_node.hpp"
#include "config/describe.hpp"
#include "plugins/textroom/room.hpp"

namespace limen::textroom {

class RoomTable {
 public:
  using Rooms = std::map<RoomId, std::unique_ptr<Room>>;

  // Every category but `general` is a room; what cannot be one is reported and left out.
  void read(const config::Node& file, bool strings, config::Findings& findings);

  Room* find(const RoomId& id) const;
  Room& add(RoomId id, RoomSettings settings);
  void remove(const RoomId& id) { rooms_.erase(id); }
  const Rooms& rooms() const { return rooms_; }
  RoomId unused_id(Random& random, bool strings) const;

 private:
  Rooms rooms_;
};

// In the module's file, under "room-<id>".
Result<> save_room(const std::string& folder, std::string_view package, const Room& room);
Result<> unsave_room(const std::string& folder, std::string_view package, const RoomId& id);

}  // namespace limen::textroom
