// CallHandle: the control half of one VideoCall attachment (spec plugin-videocall, sections 3, 4 and 8).
//
// Each side of a call has its own link to the other and drops it when its own PeerConnection goes, so
// both hear of the end as clients expect it: see "the end of a call" in call_ending.cpp.
#pragma once
#include <cstdint>
#include <optional>
#include <string>

#include "api/plugin.hpp"
#include "plugins/videocall/call_facts.hpp"
#include "plugins/videocall/call_media.hpp"
#include "plugins/videocall/call_registry.hpp"
#include "plugins/videocall/call_requests.hpp"

namespace limen::videocall {

class CallHandle final : public PluginHandle {
 public:
  // `notify`: tell event handlers. `plugin` and `registry` outlive it.
  CallHandle(HandleContext& context, PluginContext& plugin, CallRegistry& registry, bool notify);
  ~CallHandle() override;

  void on_message(Message message, Reply reply) override;
  NeededRights needed_rights(const JsonObject& body, bool with_description) const override;
  void on_slow_link(const SlowLink& slow) override;
  void on_hangup(std::string_view reason) override;
  Json query() const override;

 private:
  // All that belongs to one call; initial values again after it.
  struct Settings {
    bool audio = true, video = true;
    uint64_t bitrate = 0;
    std::optional<uint8_t> simulcast_mline;  // of what this side sends
    int spatial_target = 2, temporal_target = 2;
    uint32_t fallback_us = 0;
    CallFacts facts;
    bool e2ee = false;
    JsonObject recording;  // paths by medium
  };
  using Result = CallResult<JsonObject>;
  using Verb = Result (CallHandle::*)(const Message&);
  static Verb find_verb(std::string_view name);

  // Verbs.
  Result list(const Message& message);
  Result enrol(const Message& message);
  Result call(const Message& message);
  Result accept(const Message& message);
  Result set(const Message& message);
  Result hangup(const Message& message);

  CallResult<CallHandle*> callee_of(const Message& message);
  void begin_call(CallHandle& callee, const RemoteJsep& offer);
  void connect(CallHandle& caller);
  void take_facts(const CallFacts& facts);
  void apply(const SetRequest& request);
  void apply_layers(const SetRequest& request);
  void choose_layer(std::string_view name, int layer, int current, int& target, void (CallMedia::*setter)(int));
  void update(const RemoteJsep& jsep);

  void start_recording(const std::optional<std::string>& filename);
  std::shared_ptr<media::RecordingFile> open_recording(const std::string& base, MediaKind kind);
  void stop_recording();

  void end_call();
  void lose_peer();
  void forget_call();

  CallHandle* peer() const { return peer_ ? registry_.find(*peer_) : nullptr; }
  const std::string& name() const { return name_; }
  void push(JsonObject result, std::optional<LocalJsep> jsep = std::nullopt, std::string_view transaction = {});
  void notify(JsonObject body);
  void on_layers(media::Layers layers);
  void receives(media::Layers layers);
  template <typename... Args>
  void tell_media(void (CallMedia::*setter)(Args...), std::type_identity_t<Args>... args) {
    context_.post_media([setter, ... args = std::move(args)](MediaHandler& handler) mutable {
      (static_cast<CallMedia&>(handler).*setter)(std::move(args)...);
    });
  }

  HandleContext& context_;
  PluginContext& plugin_;
  CallRegistry& registry_;
  bool notify_;
  CallerId id_;
  std::string name_;  // empty: not registered
  std::optional<CallerId> peer_;
  bool in_call_ = false;  // from the call until the PeerConnection has gone
  bool closing_ = false;  // the PeerConnection was asked to close
  Settings settings_;
  media::Layers current_;  // of what this side receives
  uint64_t peer_bitrate_ = 0;
  uint64_t slow_links_ = 0;
};

}  // namespace limen::videocall
