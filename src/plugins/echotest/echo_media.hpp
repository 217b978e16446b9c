// EchoMedia: the half of an EchoTest handle that touches packets (spec plugin-echotest, section 5).
//
// Lives on the handle's shard; the control half changes its settings by post and hears of changes
// through EchoObserver, whose calls are posted to the control thread.
#pragma once
#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "api/media.hpp"
#include "media/layer_selector.hpp"
#include "media/recording/recorder.hpp"
#include "wire/codec/video_layers_allocation.hpp"

namespace limen::echotest {

// How many layers the sender says there are; -1: it does not.
struct LayerTotals {
  int spatial = -1;
  int temporal = -1;
  friend bool operator==(const LayerTotals&, const LayerTotals&) = default;
};

// What the control half wants to know. Called on the shard.
struct EchoObserver {
  std::function<void(media::Layers, LayerTotals)> layers;
  std::function<void(uint64_t)> peer_bitrate;
};

class EchoMedia final : public MediaHandler {
 public:
  static constexpr uint64_t kNoCap = 10'000'000;  // bits per second, told to peers without a cap

  EchoMedia(MediaContext& context, EchoObserver observer) : context_(context), observer_(std::move(observer)) {}

  void on_rtp(const RtpPacket& packet) override;
  void on_feedback(const RtcpFeedback& feedback) override;
  void on_data(const DataMessage& message) override;
  void on_connected() override;
  void on_disconnected() override { reset(); }

  // Posted by the control half.
  void set_mlines(std::vector<MediaKind> kinds) { kinds_ = std::move(kinds); }
  void set_layers(media::LayerMode mode, uint8_t mline);
  void set_audio(bool on) { audio_ = on; }
  void set_video(bool on);
  void set_bitrate(uint64_t bps);
  void set_spatial(int layer) { selector_.set_spatial(layer); }
  void set_temporal(int layer) { selector_.set_temporal(layer); }
  void set_fallback(Duration fallback) { selector_.set_fallback(fallback); }
  void set_delays(int16_t min, int16_t max);
  void ask_keyframe();
  // What is sent back of this m-line is recorded too.
  void record(uint8_t mline, std::shared_ptr<media::RecordingFile> file);
  void stop_recording() { recordings_.clear(); }
  void reset();

 private:
  struct Recording {
    uint8_t mline;
    std::unique_ptr<media::Recorder> recorder;
  };

  void relay(OutgoingRtp out, bool layered = false);
  media::Recorder* recorder(MediaKind kind, uint8_t mline);
  void relay_layers(const RtpPacket& packet);
  void look_at_totals(const RtpPacket& packet, bool& changed);

  MediaContext& context_;
  EchoObserver observer_;
  std::vector<MediaKind> kinds_;
  media::LayerSelector selector_;
  uint8_t layered_mline_ = 0;
  LayerTotals totals_;
  bool audio_ = true;
  bool video_ = true;
  uint64_t bitrate_ = 0;
  int16_t min_delay_ = -1;
  int16_t max_delay_ = -1;
  std::vector<Recording> recordings_;  // at most one of a kind
};

}  // namespace limen::echotest
