#include "plugins/videoroom/publisher.hpp"
#include "plugins/videoroom/room_verbs.hpp"
#include "plugins/videoroom/rooms.hpp"

namespace limen::videoroom {

void forward_rtp(const RoomCall& call, RoomAnswer answer) {
  auto id = require_id(call.body, "publisher_id", call.rooms.strings());
  if (!id) return answer(passed_on(id));
  answer(JsonObject{});
}
RoomResult<JsonObject> stop_forward_rtp(const RoomCall& call) {
  auto id = require_id(call.body, "room", call.rooms.strings());
  if (!id) return passed_on(id);
  return JsonObject{};
}
RoomResult<JsonObject> list_forwarders(const RoomCall& call) {
  auto id = require_id(call.body, "room", call.rooms.strings());
  if (!id) return passed_on(id);
  return JsonObject{};
}

}  // namespace limen::videoroom
