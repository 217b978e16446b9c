// Events that several parts of the plugin tell (contract, section 8).
#pragma once
#include <string_view>

#include "plugins/videoroom/ids.hpp"

namespace limen::videoroom {

class Publisher;
class Room;

// {"videoroom":"event","room":R}
JsonObject room_event(const Id& room);
JsonObject room_event(const Room& room);
// "unpublished", "leaving" or "kicked", to everybody else and to event handlers.
void tell_departure(std::string_view what, const Publisher& who);

}  // namespace limen::videoroom
