// RecordPlayMedia: the half of a RecordPlay handle that touches packets: it records, or it plays
// (contract, sections 8 and 9).
//
// Lives on the handle's shard; the control half tells it what to do by post.
#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "api/media.hpp"
#include "media/bitrate_ramp.hpp"
#include "media/recording/playback.hpp"
#include "media/recording/recorder.hpp"

namespace limen::recordplay {

struct TrackRecorder {
  std::optional<uint8_t> mline;  // nothing: it gets nothing
  std::unique_ptr<media::Recorder> recorder;
};

// How the sender is treated.
struct SenderCare {
  uint64_t bitrate_max = 1024 * 1024;                             // bits per second; 0: it is told nothing
  Duration keyframe_interval = std::chrono::milliseconds(15000);  // 0: none are asked for
};

class RecordPlayMedia final : public MediaHandler {
 public:
  // `on_end`: a playout is over; called on the shard.
  RecordPlayMedia(MediaContext& context, std::function<void()> on_end) : context_(context), on_end_(std::move(on_end)) {
    ramp_.set_cap(care_.bitrate_max);
  }

  void on_rtp(const RtpPacket& packet) override;
  void on_data(const DataMessage& message) override;
  void on_data_writable() override;
  void on_connected() override;
  void on_disconnected() override;

  // Posted by the control half.
  void record(std::vector<TrackRecorder> tracks);
  // The m-lines of a renegotiated recording, by kind.
  void move_tracks(const std::vector<std::pair<MediaKind, uint8_t>>& mlines);
  void set_paused(bool paused);
  void set_care(SenderCare care);
  void play(std::vector<media::PlaybackTrack> tracks);
  // The viewer answered. `red`: the payload type of RED, if it takes that.
  void begin(std::optional<uint8_t> red);
  void stop();

 private:
  void take_care(uint8_t mline);
  void ask_keyframe(uint8_t mline);
  void start_if_ready();

  MediaContext& context_;
  std::function<void()> on_end_;
  std::vector<TrackRecorder> tracks_;
  SenderCare care_;
  media::BitrateRamp ramp_;
  Instant last_keyframe_{};
  std::unique_ptr<media::Playback> playback_;
  bool connected_ = false, begun_ = false;
};

}  // namespace limen::recordplay
