// SvcSelector: which spatial and temporal layers of one scalable encoding are relayed: VP9 (payload
// descriptor, RFC 9628) and AV1 (dependency descriptor). Spec section 7.12.
//
// Down at the next picture; up at a key frame (AV1: at a switching point too). Sans-IO; a shard's
// thread only.
#pragma once
#include <cstdint>

#include "base/time.hpp"
#include "media/simulcast_selector.hpp"
#include "media/temporal_gate.hpp"
#include "wire/rtp/rtp_packet.hpp"

namespace limen::media {

class SvcSelector {
 public:
  LayerVerdict on_packet(const RtpPacket& packet, Instant now);
  // Is this relayed packet the last one of its picture for the receiver? (Its marker bit.)
  bool ends_picture(const RtpPacket& packet) const;

  int target() const { return target_; }
  int current() const { return current_; }  // highest spatial layer relayed; -1: none yet
  void set_target(int spatial) {
    target_ = spatial;
    last_asked_ = Instant::min();
  }
  // As if nothing had been seen or relayed; targets stay.
  void restart();
  TemporalGate& temporal() { return temporal_; }
  const TemporalGate& temporal() const { return temporal_; }

 private:
  void begin_picture(const RtpPacket& packet, LayerVerdict& verdict);

  int target_ = 2;
  int current_ = -1;
  int open_ = -1;  // spatial layers up to here may pass
  bool has_picture_ = false;
  bool key_picture_ = false;
  uint32_t picture_ = 0;  // timestamp
  Instant last_asked_ = Instant::min();
  TemporalGate temporal_;
};

}  // namespace limen::media
