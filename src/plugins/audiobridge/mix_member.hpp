// MixMember: a participant at the mixer: what it says waits in its jitter buffer, is decoded for each tick, and
// has a place in the mix; how it is encoded for.
//
// The mixer's shard only.
#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "api/media.hpp"
#include "media/mixing/audio_codec.hpp"
#include "media/mixing/jitter_buffer.hpp"
#include "media/mixing/mix_bus.hpp"
#include "plugins/audiobridge/mixed_frame.hpp"
#include "plugins/audiobridge/pcm_queue.hpp"

namespace limen::audiobridge {

struct MemberSettings {
  Codec codec = Codec::opus;
  bool fec = false;
  int complexity = 4, expected_loss = 0, bitrate = 0;
  uint32_t volume = 100, position = 50;
  std::optional<size_t> group = {};
  bool heard = true;
  bool listens = false;

  media::EncoderSettings encoder() const {
    return {.codec = codec, .complexity = complexity, .fec = fec, .expected_loss = expected_loss, .bitrate = bitrate};
  }
};

class MixMember {
 public:
  // Ticks without a word after which somebody shares an encoder with others like that.
  static constexpr uint32_t kQuietTicks = 50;

  MixMember(media::AudioFormat format, MediaId back) : format_(format), back_(back), voice_(format.frame()) {}

  void set(const MemberSettings& settings);
  void put(const RtpPacket& packet);
  void reset_decoder();
  // Makes this tick's contribution; how many packets were decoded or concealed, and how many could not be.
  struct Work {
    unsigned done = 0, failed = 0;
  };
  Work decode();

  const MemberSettings& settings() const { return settings_; }
  MediaId back() const { return back_; }
  // What it says in this tick; empty: nothing.
  std::span<const int32_t> voice() const {
    return speaks_ ? std::span<const int32_t>(voice_) : std::span<const int32_t>();
  }
  bool quiet() const { return quiet_ticks_ >= kQuietTicks; }
  const media::JitterBuffer& buffer() const { return buffer_; }
  Backlog backlog() const {
    return {static_cast<uint32_t>(buffer_.waiting()), static_cast<uint32_t>(queue_.size() / format_.frame())};
  }

  std::unique_ptr<media::AudioEncoder> encoder;  // its own; null while it shares one

 private:
  bool make_decoder();
  // Decodes what the jitter buffer gives into the queue; false: there was nothing.
  bool decode_next(Work& work);
  bool conceal(Bytes next, Work& work);

  media::AudioFormat format_;
  MediaId back_;
  MemberSettings settings_;
  media::JitterBuffer buffer_;
  std::unique_ptr<media::AudioDecoder> decoder_;
  PcmQueue queue_;
  size_t last_duration_ = 0;  // samples per channel of the packet before
  std::vector<int32_t> voice_;
  std::vector<int16_t> work_;
  bool speaks_ = false;
  uint32_t quiet_ticks_ = kQuietTicks;
};

}  // namespace limen::audiobridge
