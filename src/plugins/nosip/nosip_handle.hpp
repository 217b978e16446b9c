// NoSipHandle: the control half of one NoSIP attachment: descriptions both ways, keys, recordings, forwarders.
#pragma once
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "api/plugin.hpp"
#include "plugins/nosip/errors.hpp"
#include "plugins/nosip/nosip_media.hpp"
#include "plugins/nosip/plain_sdp.hpp"
#include "plugins/nosip/requests.hpp"

namespace limen::nosip {

// As configured, with addresses looked up.
struct NoSipService {
  PluginContext* context = nullptr;
  NoSipNetwork network;
  std::string advertised;  // in c= lines
  bool events = true;
};

class NoSipHandle final : public PluginHandle {
 public:
  // `service` outlives the handle.
  NoSipHandle(const NoSipService& service, HandleContext& context);

  void on_message(Message message, Reply reply) override;
  void on_hangup(std::string_view reason) override;
  Json query() const override;

 private:
  // A request's result, and a description for the browser; nothing: the event comes later.
  struct Outcome {
    JsonObject result;
    std::optional<LocalJsep> jsep = {};
  };
  using Step = NoSipResult<std::optional<Outcome>>;

  // One medium of the call as both sides described it.
  struct Medium {
    bool present = false;  // in the browser's last description
    uint8_t mline = 0;
    uint16_t port = 0;
    std::optional<PlainMedium> remote;  // as the peer described it
    std::optional<media::SdesLine> local_key, remote_key;
    Codec codec = Codec::unknown;  // agreed on
    bool recording_user = false, recording_peer = false;
  };
  struct Generating {
    std::string transaction, type;
    sdp::SessionDescription description;
    bool update = false, savp = false;
  };
  struct Forward {
    StreamName stream;
    std::string host;
    uint16_t port = 0;
    uint32_t ssrc = 0;
    uint8_t payload_type = 0;
    bool srtp = false;
  };
  struct ForwardPlan;

  void next();
  void answer(const std::string& transaction, Step step);
  Step run(const Message& message);
  Step generate(const Message& message);
  NoSipResult<> check_generate(const Message& message, const GenerateRequest& request) const;
  void choose_local_keys(const GenerateRequest& request, bool offer);
  void ports_ready(Generating generating, Result<NoSipMedia::Ports> ports, uint64_t turn);
  Step finish_generate(Generating& generating, const Result<NoSipMedia::Ports>& ports);
  Step process(const Message& message);
  NoSipResult<PlainDescription> read_remote(const ProcessRequest& request) const;
  void take_remote(PlainDescription& remote, bool offer, bool update);
  void take_codecs(const sdp::SessionDescription& answer);
  void apply(MediaKind kind);
  Step record(const Message& message);
  void start_recording(StreamName stream, const std::string& base);
  void stop_recording(StreamName stream);
  Step keyframe(const Message& message);
  Step forward(const Message& message);
  void forward_resolved(const std::string& transaction, ForwardPlan plan);
  Step stop_forward(const Message& message);
  JsonObject describe(uint32_t id, const Forward& forward) const;
  void notify_call(JsonObject data);
  void forget_keys();
  void end();
  Medium& medium(MediaKind kind) { return kind == MediaKind::audio ? audio_ : video_; }
  bool has_remote_key() const { return audio_.remote_key || video_.remote_key; }
  template <typename F>
  void with_media(F&& task) {
    context_.post_media(
        [task = std::forward<F>(task)](MediaHandler& media) mutable { task(static_cast<NoSipMedia&>(media)); });
  }

  const NoSipService& service_;
  HandleContext& context_;
  std::string unique_id_;
  std::deque<Message> waiting_;
  bool busy_ = false;
  Medium audio_, video_;
  bool started_ = false, described_ = false;
  bool srtp_required_ = false, srtp_local_ = false, remote_savp_ = false;
  std::map<uint32_t, Forward> forwards_;
  uint64_t turn_ = 0;  // changes with each end of a call
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace limen::nosip
