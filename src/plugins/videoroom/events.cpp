#include "plugins/videoroom/events.hpp"

#include "plugins/videoroom/publisher.hpp"
#include "plugins/videoroom/room.hpp"
#include "plugins/videoroom/rooms.hpp"

namespace limen::videoroom {

JsonObject room_event(const Id& room) {
  return JsonObject{{"videoroom", "event"}, {"room", room.json()}};
}

JsonObject room_event(const Room& room) {
  return room_event(room.id());
}

void tell_departure(std::string_view what, const Publisher& who) {
  const Room& room = *who.room();
  JsonObject news = room_event(room);
  JsonObject notice{{"event", what}, {"room", room.id().json()}, {"id", who.id().json()}};
  for (auto& member : who.card(what)) news[member.key()] = member.value();
  for (auto& member : who.card()) notice[member.key()] = member.value();
  room.tell_all(news, &who);
  who.rooms().notify(nullptr, std::move(notice));
}

}  // namespace limen::videoroom
