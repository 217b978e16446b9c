// What requests need of a token that grants rights in rooms (docs/authentication.md).
#include <algorithm>
#include <array>

#include "plugins/videoroom/publisher.hpp"
#include "plugins/videoroom/room.hpp"
#include "plugins/videoroom/subscriber.hpp"
#include "plugins/videoroom/videoroom_handle.hpp"

namespace limen::videoroom {
namespace {

// Everything else about rooms needs the right to administer.
constexpr std::array kRoomRequests{
    RequestRights{.request = "list"},
    RequestRights{.request = "exists"},
    RequestRights{.request = "listparticipants", .any = true},
    RequestRights{.request = "create", .rights = Right::create},
};
// Requests of those who are in a room, by name; they never name the room.
constexpr std::array<std::string_view, 10> kMemberRequests{"configure", "publish",   "unpublish",   "leave",  "start",
                                                           "pause",     "subscribe", "unsubscribe", "update", "switch"};

}  // namespace

NeededRights VideoRoomHandle::needed_rights(const JsonObject& body, bool with_description) const {
  std::string name = request_name(body);
  NeededRights out;
  if (name == "join" || name == "joinandconfigure") {
    bool subscribes = name == "join" && request_name(body, "ptype") == "subscriber";
    bool publishes = name == "joinandconfigure" || with_description;
    out.object = object_name(body, "room");
    out.rights = subscribes ? Right::subscribe : publishes ? Right::publish : Right::join;
    return out;
  }
  if (std::ranges::find(kMemberRequests, name) == kMemberRequests.end()) return needed_by_table(body, kRoomRequests);
  const Room* room = publisher_ ? publisher_->room() : subscriber_ ? subscriber_->room() : nullptr;
  if (room == nullptr) return out;  // refused by the plugin
  if (publisher_ && (name == "publish" || (name == "configure" && with_description))) out.rights = Right::publish;
  if (subscriber_ && (name == "subscribe" || name == "update" || name == "switch")) out.rights = Right::subscribe;
  if (!out.rights.empty()) out.object = room->id().text();
  return out;
}

}  // namespace limen::videoroom
