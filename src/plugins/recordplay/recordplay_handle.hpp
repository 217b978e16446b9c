// RecordPlayHandle: the control half of one RecordPlay attachment (contract, sections 4 to 11).
#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "api/plugin.hpp"
#include "plugins/recordplay/catalog.hpp"
#include "plugins/recordplay/descriptions.hpp"
#include "plugins/recordplay/recordplay_media.hpp"
#include "plugins/recordplay/requests.hpp"

namespace limen::recordplay {

struct RecordPlaySettings {
  std::string path;
  bool events = true;
  bool is_private = false;
  std::string admin_key;
};

// Shared with the plugin's admin verb. Errors too are bodies.
RecordResult<> check_update(const JsonObject& body, const RecordPlaySettings& settings);

class RecordPlayHandle final : public PluginHandle {
 public:
  RecordPlayHandle(PluginContext& plugin, HandleContext& context, std::shared_ptr<Catalog> catalog,
                   const RecordPlaySettings& settings);

  void on_message(Message message, Reply reply) override;
  NeededRights needed_rights(const JsonObject& body, bool with_description) const override;
  void on_slow_link(const SlowLink& slow) override;
  void on_hangup(std::string_view reason) override;
  Json query() const override;

 private:
  enum class Role : uint8_t { none, recorder, player };
  // What an event says beside its result: nothing, or a description.
  struct Outcome {
    JsonObject result;
    std::optional<LocalJsep> jsep = {};
  };
  using Step = RecordResult<std::optional<Outcome>>;
  struct OpenedFiles;

  // Sync verbs: the reply's body.
  RecordResult<JsonObject> list(const JsonObject& body);
  RecordResult<JsonObject> configure(const JsonObject& body);
  void update(const JsonObject& body, Reply reply);

  void run(const std::string& verb, const Message& message);
  // The event comes now (a value), or later (nothing).
  Step record(const Message& message);
  Step renegotiate(const RemoteJsep& jsep, const RecordRequest& request);
  Step play(const Message& message);
  Step restart();
  Step start(const Message& message);
  void pause(const std::string& transaction, bool paused);
  void stop(const std::string& transaction);

  RecordResult<> open_tracks(std::vector<TrackPlan> plans, const RecordRequest& request, const RemoteJsep& jsep);
  void opened(const std::string& transaction, uint64_t id, OpenedFiles files);
  Step prepare(uint64_t id, OpenedFiles files);
  void push(const std::string& transaction, Step step);
  void push_result(std::string_view transaction, JsonObject result, std::optional<LocalJsep> jsep = std::nullopt);
  void notify(JsonObject data);
  void notify_tracks(std::string_view event);
  void end();
  void tell_care();
  void playout_over();
  bool recording() const { return role_ == Role::recorder && active_ != nullptr; }

  PluginContext& plugin_;
  HandleContext& context_;
  std::shared_ptr<Catalog> catalog_;
  const RecordPlaySettings& settings_;
  SenderCare care_;
  Role role_ = Role::none;
  std::shared_ptr<const Recording> active_;
  // What a hangup has just ended: a page says stop and closes its PeerConnection, and the closing may be here first.
  std::shared_ptr<const Recording> hung_up_;
  bool stop_answered_ = false;       // the client knows what it stopped
  std::vector<mjr::Header> tracks_;  // of the recording or the playout
  RecordRequest recorded_as_;        // codecs of the recording, for renegotiations
  std::optional<uint8_t> red_;       // offered by the playout
  sdp::Origin origin_;
  bool e2ee_ = false;
  uint64_t turn_ = 0;  // changes whenever what was begun before is void
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace limen::recordplay
