// MixForwards: a room's mix, or its groups', sent on as RTP or SRTP (contract, 5.6).
//
// The mixer's shard only. Forwarders of the same codec and group share one encoder.
#pragma once
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <vector>

#include "api/media.hpp"
#include "media/mixing/audio_codec.hpp"
#include "media/mixing/mix_bus.hpp"
#include "plugins/audiobridge/forward.hpp"

namespace limen::audiobridge {

class MixForwards {
 public:
  MixForwards(MediaShard& shard, media::AudioFormat format, media::EncoderSettings settings)
      : shard_(shard), format_(format), settings_(settings) {}
  ~MixForwards();
  MixForwards(const MixForwards&) = delete;
  MixForwards& operator=(const MixForwards&) = delete;

  // Fails if there is no socket for it, or the SRTP key is not one.
  Result<> add(Forward forward);
  void remove(uint32_t stream_id);
  bool empty() const { return targets_.empty(); }
  bool any_always_on() const;

  // One frame begins; `everybody`: somebody is in the room, so it goes to all and not only to those that are
  // always on.
  void begin(bool everybody);
  // Encodes for one kind of forwarder and sends to all of it; false: there is nothing left to do.
  bool step(const media::MixBus& bus);
  struct Counters {
    uint64_t sent = 0, failed = 0, encodings = 0;
  };
  const Counters& counters() const { return counters_; }

 private:
  struct Target {
    Forward facts;
    uint16_t sequence = 0;
    uint32_t timestamp = 0;
    std::unique_ptr<SrtpProtector> srtp;
  };
  // Codec and group: -1 is the whole room.
  using Kind = std::pair<Codec, int>;
  static Kind kind_of(const Forward& forward) {
    return {forward.codec, forward.group ? static_cast<int>(*forward.group) : -1};
  }
  void encode_and_send(const Kind& kind, const media::MixBus& bus);
  void send(Target& target, Bytes payload);
  Result<UdpPortId> socket(bool v4);

  MediaShard& shard_;
  media::AudioFormat format_;
  media::EncoderSettings settings_;
  std::map<uint32_t, Target> targets_;  // by stream id
  std::map<Kind, std::unique_ptr<media::AudioEncoder>> encoders_;
  std::optional<UdpPortId> v4_, v6_;
  std::vector<Kind> left_;  // of this frame
  bool everybody_ = false;
  std::vector<int16_t> frame_;
  std::vector<uint8_t> datagram_;
  Counters counters_;
};

}  // namespace limen::audiobridge
