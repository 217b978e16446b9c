// CallMedia: the half of a VideoCall handle that touches packets (spec plugin-videocall, section 6).
//
// Lives on the handle's shard. What this side sends is chosen here, for the other side: the layers that
// the other wants of it, and what is switched off. The control half changes settings by post and hears
// through CallObserver, whose calls are made on the shard.
#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "api/media.hpp"
#include "media/layer_selector.hpp"
#include "media/recording/recorder.hpp"
#include "plugins/videocall/call_relay.hpp"

namespace limen::videocall {

struct CallObserver {
  std::function<void(media::Layers)> layers;  // of this side's stream, as the other receives it
  std::function<void(uint64_t)> peer_bitrate;
};

// Where this side's contribution is recorded; empty: nowhere.
struct CallFiles {
  std::shared_ptr<media::RecordingFile> audio, video, data;
  uint8_t audio_mline = 0, video_mline = 0;
};

class CallMedia final : public MediaHandler {
 public:
  static constexpr uint64_t kNoCap = 10'000'000;  // bits per second, told to peers without a cap

  CallMedia(MediaContext& context, CallObserver observer)
      : context_(context), relay_(context.shard().local<CallRelay>()), observer_(std::move(observer)) {}

  void on_rtp(const RtpPacket& packet) override;
  void on_feedback(const RtcpFeedback& feedback) override;
  void on_data(const DataMessage& message) override;
  void on_connected() override;
  void on_disconnected() override { reset(); }

  // Posted by the control half.
  void start(MediaId peer) { peer_ = peer; }
  void stop() { peer_.reset(); }
  void set_mlines(std::vector<MediaKind> kinds) { kinds_ = std::move(kinds); }
  void set_simulcast(uint8_t mline);
  void set_audio(bool on) { audio_ = on; }
  void set_video(bool on);
  void set_bitrate(uint64_t bps);
  void set_spatial(int layer) { selector_.set_spatial(layer); }
  void set_temporal(int layer) { selector_.set_temporal(layer); }
  void set_fallback(Duration fallback) { selector_.set_fallback(fallback); }
  void ask_keyframe();
  void record(CallFiles files);
  void reset();

 private:
  void on_video(const RtpPacket& packet);

  MediaContext& context_;
  CallRelay& relay_;
  CallObserver observer_;
  std::optional<MediaId> peer_;
  std::vector<MediaKind> kinds_;
  media::LayerSelector selector_;
  uint8_t layered_mline_ = 0;
  bool audio_ = true;
  bool video_ = true;
  uint64_t bitrate_ = 0;
  std::unique_ptr<media::Recorder> audio_recorder_, video_recorder_, data_recorder_;
  uint8_t audio_mline_ = 0, video_mline_ = 0;  // recorded ones
};

}  // namespace limen::videocall
