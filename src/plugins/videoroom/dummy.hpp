// The dummy publisher of a room: something to subscribe to before anybody is there (contract, 10.9).
#pragma once

namespace limen::videoroom {

class Room;
class Rooms;

void add_dummy_publisher(Rooms& rooms, Room& room);

}  // namespace limen::videoroom
