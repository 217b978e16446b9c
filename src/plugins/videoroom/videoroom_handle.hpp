// VideoRoomHandle: the control half of one attachment: fresh, then a publisher or a subscriber for good
// (contract, 2.3).
//
// Control thread; owned by the core.
#pragma once
#include <memory>
#include <string>
#include <string_view>

#include "api/plugin.hpp"
#include "plugins/videoroom/errors.hpp"

namespace limen::videoroom {

class Publisher;
class Rooms;
class Subscriber;
struct JoinRequest;
struct JoinAsPublisher;

class VideoRoomHandle final : public PluginHandle {
 public:
  VideoRoomHandle(Rooms& rooms, HandleContext& context);
  ~VideoRoomHandle() override;

  void on_message(Message message, Reply reply) override;
  NeededRights needed_rights(const JsonObject& body, bool with_description) const override;
  void on_media_up() override;
  void on_slow_link(const SlowLink& slow) override;
  void on_hangup(std::string_view reason) override;
  Json query() const override;

 private:
  // What a request that is answered by an event comes to. `then`: after the event has been pushed.
  struct Outcome {
    JsonObject data;
    std::optional<LocalJsep> jsep;
    bool silent = false;
    Task then = {};
  };

  RoomResult<Outcome> run(const std::string& name, Message& message);
  RoomResult<Outcome> run_fresh(const std::string& name, Message& message);
  RoomResult<Outcome> run_publisher(const std::string& name, Message& message);
  RoomResult<Outcome> run_subscriber(const std::string& name, Message& message);
  RoomResult<Outcome> reoffered(const std::string& name, const Message& message);

  RoomResult<Outcome> join(const std::string& name, Message& message);
  RoomResult<Outcome> join_publisher(class Room& room, const JoinRequest& join, const std::string& name,
                                     Message& message);
  RoomResult<Outcome> join_subscriber(class Room& room, Message& message);
  JsonObject joined(const JoinAsPublisher& request) const;

  RoomResult<Outcome> publish(const std::string& name, Message& message);
  RoomResult<Outcome> unpublish();
  RoomResult<Outcome> leave();

  Rooms& rooms_;
  HandleContext& context_;
  std::unique_ptr<Publisher> publisher_;
  bool told_detached_ = false;  // its room knows already that it publishes no more
  std::unique_ptr<Subscriber> subscriber_;
};

}  // namespace limen::videoroom
