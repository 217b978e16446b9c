// Member: an attachment as rooms see it: somebody who can be sent texts and may be in several rooms.
//
// Control thread. Whoever implements it leaves its rooms before it ends.
#pragma once
#include <memory>
#include <set>

#include "api/json.hpp"
#include "api/media.hpp"
#include "plugins/textroom/room_id.hpp"

namespace limen::textroom {

// One text for any number of receivers.
using SharedText = std::shared_ptr<const DataMessage>;
SharedText make_text(const Json& message, JsonFormat format);

class Member {
 public:
  virtual ~Member() = default;
  virtual void send(SharedText text) = 0;            // lost if there is no data channel
  virtual void notify(const JsonObject& event) = 0;  // to event handlers

  const std::set<RoomId>& rooms() const { return rooms_; }

 private:
  friend class Room;
  std::set<RoomId> rooms_;
};

}  // namespace limen::textroom
