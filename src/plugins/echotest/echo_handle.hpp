// EchoHandle: the control half of one EchoTest attachment (spec plugin-echotest, sections 3 to 8).
#pragma once
#include <cstdint>
#include <optional>
#include <string>

#include "api/plugin.hpp"
#include "plugins/echotest/echo_media.hpp"
#include "plugins/echotest/echo_recording.hpp"
#include "plugins/echotest/echo_request.hpp"

namespace limen::echotest {

class EchoHandle final : public PluginHandle {
 public:
  // `notify`: tell event handlers.
  EchoHandle(PluginContext& plugin, HandleContext& context, bool notify);

  void on_message(Message message, Reply reply) override;
  void on_slow_link(const SlowLink& slow) override;
  void on_hangup(std::string_view reason) override;
  Json query() const override;

 private:
  // All that a request may change; initial values again after a hangup.
  struct Settings {
    bool audio = true, video = true;
    uint64_t bitrate = 0;
    media::LayerMode layers = media::LayerMode::none;
    int spatial_target = 2, temporal_target = 2;
    uint32_t fallback_us = 0;
    int min_delay = -1, max_delay = -1;
    Codec audio_codec = Codec::unknown, video_codec = Codec::unknown;
    bool audio_red = false;
    bool e2ee = false;
    std::vector<EchoTrack> tracks;  // that can be recorded
    std::vector<EchoRecordingFile> recordings;
  };

  std::optional<EchoError> process(const Message& message, std::optional<LocalJsep>& answer);
  void take_layers(const RemoteJsep& jsep);
  void apply(const EchoRequest& request);
  void apply_layers(const EchoRequest& request);
  void choose_layer(std::string_view name, int layer, int current, void (EchoMedia::*setter)(int));
  void apply_delays(const EchoRequest& request);
  std::optional<EchoError> take_offer(const RemoteJsep& offer, const EchoRequest& request, LocalJsep& answer);
  void record(const EchoRequest& request);
  void on_layers(media::Layers current, LayerTotals totals);
  void notify_settings();
  template <typename... Args>
  void tell_media(void (EchoMedia::*setter)(Args...), std::type_identity_t<Args>... args);

  PluginContext& plugin_;
  HandleContext& context_;
  bool notify_;
  Settings settings_;
  media::Layers current_;  // as last heard from the media half
  uint64_t peer_bitrate_ = 0;
  uint64_t slow_links_ = 0;
};

}  // namespace limen::echotest
