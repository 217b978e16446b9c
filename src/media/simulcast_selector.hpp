// SimulcastSelector: which of a sender's simulcast encodings is relayed (spec section 7.12).
//
// A switch waits for a key frame on the other substream; any step in the right direction is taken.
// A substream that has been silent for the fallback time while others went on is not waited for: the
// next lower one that flows is wanted instead, until it flows again. Sans-IO; a shard's thread only.
#pragma once
#include <array>
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
  // As if nothing had been seen or relayed; targets and fallback stay.
  void restart();
  void set_fallback(Duration fallback) { fallback_ = fallback > Duration{} ? fallback : kDefaultFallback; }
  TemporalGate& temporal() { return temporal_; }
  const TemporalGate& temporal() const { return temporal_; }

 private:
  // So many frames of others make a silence: a slow source (a shared screen) is not a dead one.
  static constexpr int kFramesOfOthers = 4;

  struct Flow {
    bool seen = false;
    Instant last{};
    int others = 0;  // frames of other substreams since
  };

  void note(const RtpPacket& packet, Instant now);
  bool flows(int substream, Instant now) const;
  int wanted(Instant now) const;  // the target for the time being
  bool leads_to(int wanted, int substream) const;
  void ask(Instant now, LayerVerdict& verdict);

  int target_ = 2;
  int current_ = -1;
  Duration fallback_ = kDefaultFallback;
  std::array<Flow, 3> flows_;
  Instant last_asked_ = Instant::min();
  TemporalGate temporal_;
};

}  // namespace limen::media
