// Handle: a session's attachment to one plugin, with at most one PeerConnection (spec 3.4 to 3.6).
//
// Owns the plugin's object and, through ids, its media half on a shard. Control thread; owned by
// Session. Nobody else keeps a pointer to it across a turn of the loop: everything that comes back
// later finds it by {session, handle} in the SessionTable, or does not.
//
// Events wait in one outbox and leave in order: not before the reply to the request that caused them,
// and a description not before its candidates are known (half trickle).
#pragma once
#include <list>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "api/api_error.hpp"
#include "api/plugin.hpp"
#include "core/api_call.hpp"
#include "core/event_bus.hpp"
#include "core/media/capture_file.hpp"
#include "core/media/media_event.hpp"
#include "core/peer_connection.hpp"
#include "rtc/peer/peer_stats.hpp"
#include "rtc/turn/relay_server.hpp"

namespace limen::core {

struct GatewayState;
struct AttachRequest;
class Session;

class Handle final : public HandleContext {
 public:
  Handle(GatewayState& state, Session& session, HandleId id, Plugin& plugin, AttachRequest request);
  ~Handle() override;
  Handle(const Handle&) = delete;
  Handle& operator=(const Handle&) = delete;

  // Makes the plugin's object.
  Result<> attach();
  void announce_attached();
  // Ends everything, at once; the object is about to be destroyed.
  void close(bool tell_client);

  // Verbs.
  void message(ApiCall call);
  void trickle(ApiCall call);
  void hangup(std::string_view reason);

  // HandleContext.
  SessionId session_id() const override;
  HandleId handle_id() const override { return id_; }
  std::string_view opaque_id() const override { return opaque_id_; }
  void push_event(std::string_view transaction, Json data, std::optional<LocalJsep> jsep) override;
  void install_media(std::move_only_function<std::unique_ptr<MediaHandler>(MediaContext&)> factory) override;
  void post_media(std::move_only_function<void(MediaHandler&)> task) override;
  MediaId media_id() const override { return media_id_; }
  bool has_peer_connection() const override { return peer_ != nullptr; }
  void close_peer_connection() override;
  void end_session() override;
  void notify_event(Json data) override;
  bool permits(const NeededRights& needed) const override;
  TimerId call_after(Duration delay, Task task) override;
  void cancel(TimerId timer) override;

  // For handle_info.
  const Session& session() const { return session_; }
  const std::string& token() const { return token_; }
  Instant created() const { return created_; }
  const std::string& package() const { return package_; }
  NeededRights needed_rights(const JsonObject& body, bool with_description) const {
    return plugin_handle_ ? plugin_handle_->needed_rights(body, with_description) : NeededRights{};
  }
  const Plugin& plugin() const { return plugin_; }
  Json query_plugin() const { return plugin_handle_ ? plugin_handle_->query() : Json(JsonObject{}); }
  const PeerConnection* peer() const { return peer_.get(); }
  size_t early_candidates() const { return early_.size(); }
  bool closing() const { return closing_; }
  bool was_hung_up() const { return was_hung_up_; }
  // A capture of the decrypted media (spec 5.3), or null.
  const CaptureFile* capture() const { return capture_.get(); }
  void start_capture(std::shared_ptr<CaptureFile> file);
  void stop_capture();
  EventSubject subject() const { return {session_id(), id_, opaque_id_, trace}; }

  TraceId trace;  // of the last request on it that named one, else of attach

 private:
  // To the client, or to event handlers, which hear of a description before what the plugin says of it.
  struct Outgoing {
    std::string transaction;
    JsonObject event;
    std::string jsep_type;  // "" = no description
    bool e2ee = false;
    bool notice = false;
  };

  // message (handle_message.cpp)
  std::optional<ApiError> rights_missing(const ApiCall& call, const JsonObject& body, bool with_jsep) const;
  void run_message(ApiCall call, JsonObject body, std::optional<RemoteJsep> jsep);
  void resolve(ApiCall call, Reply::Outcome outcome);
  void after_reply(const std::string& transaction);
  JsonObject plugin_reply(const ApiCall& call, Json data);

  // descriptions (handle_jsep.cpp)
  ApiResult<RemoteJsep> take_client_jsep(const Json& jsep);
  bool take_plugin_jsep(const LocalJsep& jsep, Outgoing& out);
  void begin_peer();
  void apply(const NegotiationStep& step);
  void note_own_candidates(bool complete);
  void gathering_finished();
  void trickle_own_candidates();
  void send_own_candidate(const rtc::Candidate* candidate);  // null: completed
  Json write_jsep(const Outgoing& out);
  rtc::PeerConfig peer_config() const;

  // TURN (handle_relays.cpp)
  bool wants_relays() const;
  std::vector<rtc::RelayServer> configured_relays() const;
  void begin_relays();
  void note_relay_failure(const std::string& server, const std::string& why);

  // candidates from the client (handle_trickle.cpp)
  ApiResult<> take_candidate(const Json& candidate);
  void take_early(const Json& candidate);
  void add_remote(std::vector<std::optional<rtc::Candidate>> candidates);
  void resolve_remote(const rtc::Candidate& candidate);
  void not_resolved(const std::string& name, const std::string& reason);
  std::vector<std::optional<rtc::Candidate>> fresh_early_candidates();
  // A name that is not wanted is remembered with the reason.
  bool wanted(const rtc::Candidate& candidate);

  // what the peer tells (handle_media.cpp)
  void on_media(MediaEvent&& event);
  void on(const rtc::IceStateChanged& event);
  void on(const rtc::LocalCandidateFound& event);
  void on(const rtc::GatheringDone& event);
  void on(const rtc::PairSelected& event);
  void on(const rtc::DtlsStateChanged& event);
  void on(const rtc::Connected& event);
  void on(const rtc::Closed& event);
  void on(const rtc::MediaStateChanged& event);
  void on(const rtc::SlowLinkDetected& event);
  void on(const rtc::IceFailedAfterConnect& event);
  void on(const RelayFailed& event);
  void on(const rtc::DataChannelOpened&) {}
  void on(const rtc::DataChannelClosed&) {}
  void notify_webrtc(int subtype, JsonObject body);
  void schedule_stats();

  // the end of a PeerConnection (handle.cpp)
  void hung_up(const std::string& reason);
  void drop_peer_state();

  // events to the client (handle.cpp)
  JsonObject event(std::string_view kind) const;
  void push(JsonObject event);  // through the outbox
  void flush();

  GatewayState& state_;
  Session& session_;
  HandleId id_;
  Plugin& plugin_;
  std::string package_;
  std::string opaque_id_;
  std::string token_;
  std::optional<uint32_t> loop_;
  Instant created_;
  MediaId media_id_;
  bool media_added_ = false;
  std::unique_ptr<PluginHandle> plugin_handle_;

  std::unique_ptr<PeerConnection> peer_;
  // Lists, as they cost nothing while they are empty.
  std::list<EarlyCandidate> early_;
  bool closing_ = false;  // between a hangup and the end of the peer on its shard
  bool silent_ = false;   // being detached: events of the plugin are dropped
  bool was_hung_up_ = false;
  std::list<ApiCall> waiting_;  // messages with descriptions that came meanwhile

  std::list<Outgoing> outbox_;
  std::multiset<std::string> unanswered_;  // transactions of requests the plugin has
  int in_plugin_ = 0;                      // inside on_message()
  bool flushing_ = false;
  std::set<TimerId> timers_;
  std::shared_ptr<CaptureFile> capture_;
};

}  // namespace limen::core
