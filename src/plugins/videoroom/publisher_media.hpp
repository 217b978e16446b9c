// PublisherMedia: the half of a publisher that sees its packets: to subscribers, recordings, forwarders.
//
// Lives on a shard, with the handle's peer connection or with a RemoteFeed; the control half changes it by
// post and hears of it through PublisherObserver, whose calls come on the shard.
#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "api/media.hpp"
#include "media/bitrate_ramp.hpp"
#include "media/fanout/fanout_source.hpp"
#include "media/forward/rtp_forwarder.hpp"
#include "media/recording/recorder.hpp"
#include "plugins/videoroom/talk_detector.hpp"

namespace limen::videoroom {

struct PublishedMedia {
  MediaKind kind = MediaKind::audio;
  media::StreamId id;
  bool enabled = true;  // otherwise nothing is relayed
  bool active = true;   // sent and not moderated
  bool levels = false;  // talk detection
  int16_t min_delay = -1, max_delay = -1;
};

struct PublisherObserver {
  std::function<void(int mindex, bool talking, double level)> talking;
};

class PublisherMedia final : public MediaHandler {
 public:
  // `feedback`: to whoever sends the media.
  using SendFeedback = std::function<void(const RtcpFeedback&)>;
  PublisherMedia(MediaShard& shard, SendFeedback feedback, PublisherObserver observer);

  void on_rtp(const RtpPacket& packet) override;
  void on_data(const DataMessage& message) override;
  void on_connected() override;

  // Posted by the control half.
  void set_label(std::string label) { label_ = std::move(label); }  // of data channels at subscribers
  void set_streams(std::vector<PublishedMedia> streams);
  void set_active(int mindex, bool active);
  void set_delays(int mindex, int16_t min, int16_t max);
  void set_talk_rule(TalkRule rule);
  void set_keyframe_period(Duration period) { keyframe_period_ = period; }  // zero: only when needed
  void set_bitrate(uint64_t bps);
  void tell_bitrate(uint64_t bps);
  void ask_keyframe(int mindex);
  void record(int mindex, std::shared_ptr<media::RecordingFile> file, media::LayerMode mode);
  void stop_recording(int mindex);
  // The local RTCP port (0: none), or why it cannot be. `cascaded`: the receiver is another server, whose
  // requests for key frames may be about any stream.
  Result<uint16_t> forward(int mindex, uint32_t stream_id, media::ForwardSpec spec, bool cascaded);
  void stop_forward(uint32_t stream_id);
  void stop() { streams_.clear(); }

 private:
  struct Forwarded {
    uint32_t stream_id = 0;
    std::unique_ptr<media::RtpForwarder> forwarder;
  };
  struct Stream {
    PublishedMedia settings;
    std::unique_ptr<media::FanoutSource> source;
    std::unique_ptr<media::Recorder> recorder;
    std::vector<Forwarded> forwards;
    TalkDetector talk;
    Instant last_keyframe{};
  };

  Stream* find(int mindex);
  void make_source(int mindex, Stream& stream);
  void look_at_video(Stream& stream, const RtpPacket& packet);
  void look_at_level(int mindex, Stream& stream, const RtpPacket& packet);

  MediaShard& shard_;
  SendFeedback feedback_;
  PublisherObserver observer_;
  std::string label_;
  std::vector<Stream> streams_;  // by m-line
  TalkRule rule_;
  Duration keyframe_period_{};
  media::BitrateRamp ramp_;
};

}  // namespace limen::videoroom
