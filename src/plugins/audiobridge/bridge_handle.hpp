// BridgeHandle: the control half of one attachment: in a room or not, with media or not (contract, 4).
//
// Control thread; owned by the core.
#pragma once
#include <deque>
#include <memory>
#include <string>
#include <string_view>

#include "api/plugin.hpp"
#include "plugins/audiobridge/errors.hpp"
#include "plugins/audiobridge/participant.hpp"
#include "plugins/audiobridge/requests.hpp"

namespace limen::audiobridge {

class Rooms;

class BridgeHandle final : public PluginHandle, private Stay {
 public:
  BridgeHandle(Rooms& rooms, HandleContext& context);
  ~BridgeHandle() override;

  void on_message(Message message, Reply reply) override;
  NeededRights needed_rights(const JsonObject& body, bool with_description) const override;
  void on_media_up() override;
  void on_hangup(std::string_view reason) override;
  Json query() const override;

 private:
  // What a request that is answered by an event comes to. `then`: after the event has been pushed.
  struct Outcome {
    JsonObject data;
    std::optional<LocalJsep> jsep;
    Task then = {};
  };
  // Who may come in, and how.
  struct Admission {
    Room* room = nullptr;
    Id id;
    Wishes wishes;
    bool admin = false, record = false, offer = false;
    Codec codec = Codec::opus;
    std::string filename;
  };

  // bridge_handle.cpp
  void end_stay(bool announce) override;
  void handle(Message message);
  void answer(const Message& message, BridgeResult<Outcome> outcome);
  BridgeResult<Outcome> run(const std::string& name, Message& message);
  BridgeResult<Outcome> configure(const JsonObject& body, bool has_jsep);
  BridgeResult<> apply(const MediaRequest& request);
  BridgeResult<Outcome> leave();
  Outcome hang_up();
  void on_talking(uint64_t key, bool talking);
  void notify(std::string_view event, JsonObject details);
  void notify_left(HandleContext* subject);
  void drop_participant(bool announce);
  // joining.cpp
  BridgeResult<Admission> admit(const JsonObject& body, bool moving) const;
  BridgeResult<> check_entry(const Room& room, const JsonObject& body, const JoinExtras& extras) const;
  BridgeResult<> take_wishes(const MediaRequest& request, const JoinExtras& extras, bool moving,
                             Admission& admission) const;
  BridgeResult<Outcome> join(const JsonObject& body);
  BridgeResult<Outcome> change_room(const JsonObject& body);
  void enter(Admission& admission, bool moving);
  JsonObject welcome(std::string_view word) const;
  // negotiation.cpp
  BridgeResult<LocalJsep> take_offer(const RemoteJsep& jsep);
  BridgeResult<> take_answer(const RemoteJsep& jsep);
  BridgeResult<> take_jsep(const RemoteJsep& jsep, Outcome& outcome);
  LocalJsep make_offer();
  // plain RTP
  bool wants_plain_port(const std::string& name, const Message& message) const;
  void open_plain_port(Message message);
  void on_plain_port(Message message, Result<uint16_t> port);
  void set_plain_remote(const JsonObject& rtp);
  void close_plain_port();

  template <typename... Args>
  void tell_media(void (ParticipantMedia::*setter)(Args...), std::type_identity_t<Args>... args) {
    context_.post_media([setter, ... args = std::move(args)](MediaHandler& handler) mutable {
      (static_cast<ParticipantMedia&>(handler).*setter)(std::move(args)...);
    });
  }

  Rooms& rooms_;
  HandleContext& context_;
  Line line_;
  std::unique_ptr<Participant> participant_;
  uint32_t level_ = 127;  // average of what it sent
  Backlog backlog_;       // as told last
  // While a port is being opened, later requests wait.
  bool opening_ = false;
  std::deque<Message> waiting_;
};

}  // namespace limen::audiobridge
