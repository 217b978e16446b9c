// SimulcastSelector: which of a sender's simulcast encodings is relayed (spec section 7.12).
//
// A switch waits for a key frame on the other substream; any step in the right direction is taken.
// When nothing could be relayed for the fallback time, the wanted substream is lowered by one for the
// time being and taken up again when the better one flows. Sans-IO; a shard's thread only.
#pragma once
#include <cstdint>

#include "base/time.hpp"
#include "media/temporal_gate.hpp"
#include "wire/rtp/rtp_packet.hpp"

namespace limen::media {

// What came of one packet.
struct LayerVerdict {
  bool relay = false;
  bool unwanted_temporal = false;  // of the current encoding, but of a temporal layer not wanted
  bool changed = false;            // the relayed layers are others than before
  bool need_keyframe = false;      // ask the sender for one
};

class SimulcastSelector {
 public:
  static constexpr Duration kDefaultFallback = std::chrono::milliseconds(250);
  // A key frame that does not come is asked for again after this time.
  static constexpr Duration kKeyframeRetry = std::chrono::milliseconds(500);

  LayerVerdict on_packet(const RtpPacket& packet, Instant now);

  int target() const { return target_; }
  int current() const { return current_; }  // -1: none yet
  void set_target(int substream);
  void set_fallback(Duration fallback) { fallback_ = fallback > Duration{} ? fallback : kDefaultFallback; }
  TemporalGate& temporal() { return temporal_; }
  const TemporalGate& temporal() const { return temporal_; }

 private:
  bool wants(int substream) const;
  void look_for_fallback(Instant now, LayerVerdict& verdict);
  void ask(Instant now, LayerVerdict& verdict);

  int target_ = 2;
  int limit_ = 2;  // the target for the time being
  int current_ = -1;
  Duration fallback_ = kDefaultFallback;
  bool started_ = false;
  Instant last_relayed_{};
  Instant last_asked_ = Instant::min();
  TemporalGate temporal_;
};

}  // namespace limen::media
