// Room: who is in it and what they are told.
//
// Control thread; owned by Rooms. Members belong to their handles (dummies and remote publishers to
// the room) and take themselves out of the room when they go.
#pragma once
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "api/plugin.hpp"
#include "plugins/videoroom/ids.hpp"
#include "plugins/videoroom/room_settings.hpp"

namespace limen::videoroom {

class Publisher;
class Subscriber;
struct PublishedStream;

class Room {
 public:
  Room(Id id, RoomSettings settings);
  ~Room();
  Room(const Room&) = delete;
  Room& operator=(const Room&) = delete;

  const Id& id() const { return id_; }
  RoomSettings& settings() { return settings_; }
  const RoomSettings& settings() const { return settings_; }
  // What every session description of the room is called.
  std::string session_name() const { return "VideoRoom " + id_.text(); }

  void add(Publisher& member);
  void remove(Publisher& member);
  void add(Subscriber& subscriber) { subscribers_.insert(&subscriber); }
  void remove(Subscriber& subscriber) { subscribers_.erase(&subscriber); }
  // Dummies and remote publishers live here.
  Publisher& adopt(std::unique_ptr<Publisher> member);
  void disown(Publisher& member);

  Publisher* find(const Id& member) const;
  Publisher* find_private(uint32_t private_id) const;
  const std::map<Id, Publisher*>& members() const { return members_; }
  const std::set<Subscriber*>& subscribers() const { return subscribers_; }
  // Active publishers other than `except`, dummies left out.
  size_t active_publishers(const Publisher* except) const;

  // An event to every participant but `except`.
  void tell_all(const JsonObject& event, const Publisher* except = nullptr) const;

  // Tokens that may join as publishers; checked only when `checks_tokens`.
  bool checks_tokens = false;
  std::set<std::string> allowed;

  JsonObject list_entry() const;

 private:
  Id id_;
  RoomSettings settings_;
  std::map<Id, Publisher*> members_;
  std::map<uint32_t, Publisher*> by_private_id_;
  std::set<Subscriber*> subscribers_;
  std::vector<std::unique_ptr<Publisher>> own_;
};

}  // namespace limen::videoroom
