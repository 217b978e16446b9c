// MediumFeed: what happens to the packets of one stream of a mountpoint between its source and its viewers: one sender
// at a time, key frames kept, clock corrected, parameter sets inserted, recorded, relayed (contract, 7.2).
//
// A shard's thread only; owned by FeedMedia.
#pragma once
#include <array>
#include <cstdint>
#include <memory>
#include <optional>

#include "api/media.hpp"
#include "media/fanout/fanout_source.hpp"
#include "media/recording/recorder.hpp"
#include "media/rtp_rewriter.hpp"
#include "plugins/streaming/feed/feed_plan.hpp"
#include "plugins/streaming/feed/keyframe_buffer.hpp"
#include "plugins/streaming/feed/parameter_sets.hpp"
#include "plugins/streaming/feed/skew.hpp"

namespace limen::streaming {

struct MediumCounters {
  uint64_t relayed = 0;
  uint64_t collided = 0;   // of another sender than the current one
  uint64_t held_back = 0;  // to keep a fast clock in step
};

class MediumFeed {
 public:
  struct Wishes {
    std::function<void()> ask_keyframe;
    std::function<void(uint64_t bps)> set_bitrate;
  };

  MediumFeed(MediaShard& shard, const MediumPlan& plan, uint32_t collision_ms, bool enabled, Wishes wishes);

  // `packet.substream` says which simulcast port it came to.
  void on_rtp(RtpPacket packet);
  // One message of a data stream.
  void on_message(Bytes bytes);
  void set_enabled(bool enabled);
  // Null: ends the recording.
  void record(std::shared_ptr<media::RecordingFile> file, uint32_t ssrc);

  KeyframeBurst burst() const;
  // The last data message, for viewers that come later; null if there is none or none is kept.
  std::shared_ptr<const DataMessage> last_message() const { return last_message_; }
  uint32_t ssrc() const { return senders_[0].ssrc; }
  const MediumCounters& counters() const { return counters_; }

 private:
  struct Sender {
    bool known = false;
    uint32_t ssrc = 0;
    Instant last{};
  };
  bool collides(const RtpPacket& packet, Instant now);
  void go_on(RtpPacket& packet, Instant now);
  void finish(const RtpPacket& packet, Instant now);
  void tell_estimate();

  MediaShard& shard_;
  MediaKind kind_;
  Codec codec_;
  uint8_t payload_type_;
  media::LayerMode layers_;
  bool binary_, buffer_message_;
  Duration collision_;
  bool enabled_;
  Wishes wishes_;
  std::shared_ptr<MediumFacts> facts_;
  std::array<Sender, 3> senders_;
  std::optional<SkewCompensation> skew_;
  std::optional<ParameterSets> parameter_sets_;
  std::optional<KeyframeBuffer> keyframes_;
  std::shared_ptr<const DataMessage> last_message_;
  std::unique_ptr<media::Recorder> recorder_;
  std::optional<media::RtpRewriter> recorded_;  // numbering of the recording
  uint32_t clock_rate_;
  std::optional<Instant> estimate_told_;
  MediumCounters counters_;
  media::FanoutSource source_;
};

}  // namespace limen::streaming
