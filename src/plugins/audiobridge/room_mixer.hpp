// RoomMixer: a room's media: everybody's packets in, every 20 ms a mix for each one out; forwarders,
// announcements and the recording of the mix beside it (contract, 5).
//
// Lives on one shard. A tick is cut into steps of about one encoding each, which MixerHub runs between the
// shard's other work (docs/adr/0007-mixing-in-steps.md). Nothing runs while nobody would hear it.
#pragma once
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "api/media.hpp"
#include "media/mixing/audio_codec.hpp"
#include "media/mixing/mix_bus.hpp"
#include "media/mixing/ogg_opus.hpp"
#include "media/mixing/wav_file.hpp"
#include "plugins/audiobridge/forward.hpp"
#include "plugins/audiobridge/mix_announcement.hpp"
#include "plugins/audiobridge/mix_forwards.hpp"
#include "plugins/audiobridge/mix_member.hpp"
#include "plugins/audiobridge/mixed_frame.hpp"

namespace limen::audiobridge {

inline constexpr Duration kTick = std::chrono::milliseconds(20);

struct MixerSettings {
  uint32_t rate = 16000;
  uint8_t channels = 1;
  size_t groups = 0;
  uint32_t expected_loss = 0, bitrate = 0;  // of forwarders
};

// Called on the mixer's shard.
struct MixerObserver {
  std::function<void(uint64_t announcement)> started = {}, ended = {}, hungry = {};
  std::function<void(uint32_t stream_id, std::string why)> forward_failed = {};
};

struct MixerCounters {
  uint64_t ticks = 0;
  uint64_t late_ticks = 0;  // left out: the shard had no time
  uint64_t encodings = 0, decodings = 0;
  uint64_t shared = 0;  // frames that somebody got from an encoder of several
  uint64_t failed = 0;  // encodings and decodings
};

class RoomMixer {
 public:
  RoomMixer(MediaShard& shard, MixerSettings settings, MixerObserver observer);
  ~RoomMixer();
  RoomMixer(const RoomMixer&) = delete;
  RoomMixer& operator=(const RoomMixer&) = delete;

  void add_member(uint64_t key, MediaId back);
  void set_member(uint64_t key, const MemberSettings& settings);
  void remove_member(uint64_t key);
  void reset_decoder(uint64_t key);
  void on_rtp(uint64_t key, const RtpPacket& packet);

  void add_forward(Forward forward);
  void remove_forward(uint32_t stream_id);

  void add_announcement(uint64_t key, std::optional<size_t> group);
  void feed(uint64_t key, media::OggOpusFile::Block block);
  void remove_announcement(uint64_t key);

  // Null ends it.
  void record(std::shared_ptr<media::WavFile> file) { recording_ = std::move(file); }

  // Is there anything to be mixed?
  bool wanted() const;
  // When the next tick is due; kNever: the mixer is idle.
  Instant next_tick() const { return next_tick_; }
  void begin_tick(Instant now);
  // One piece of the tick's work; false: there is none left. Frames for members go to `out`.
  bool step(MixedFrames& out);
  // Begins or ends ticking, as `wanted()` says.
  void wake(Instant now);

  const MixerCounters& counters() const { return counters_; }
  size_t members() const { return members_.size(); }

 private:
  enum class Phase : uint8_t { idle, decode, announce, mix, encode, forward };
  struct SharedEncoder {
    media::EncoderSettings settings;
    std::unique_ptr<media::AudioEncoder> encoder;
    RtpPacket frame;    // of this tick
    uint32_t tick = 0;  // that `frame` is of
  };

  void mix();
  bool decode_step();
  bool announce_step();
  bool encode_step(MixedFrames& out);
  // What this member is to get; empty: it could not be encoded.
  RtpPacket encode_own(MixMember& member);
  RtpPacket encode_shared(const MixMember& member, bool& worked);
  SharedEncoder* shared_encoder(const media::EncoderSettings& settings);
  RtpPacket encoded(media::AudioEncoder& encoder, Codec codec);
  void drop_unused_encoders();

  MediaShard& shard_;
  MixerSettings settings_;
  media::AudioFormat format_;
  MixerObserver observer_;
  std::map<uint64_t, MixMember> members_;
  std::map<uint64_t, MixAnnouncement> announcements_;
  MixForwards forwards_;
  std::vector<SharedEncoder> shared_;
  std::shared_ptr<media::WavFile> recording_;
  media::MixBus bus_;
  std::vector<int16_t> work_;  // one frame
  Phase phase_ = Phase::idle;
  uint64_t at_ = 0;  // the member of the phase whose turn it is: the first key from here on
  Instant next_tick_ = kNever;
  uint32_t tick_ = 0;
  MixerCounters counters_;
};

}  // namespace limen::audiobridge
