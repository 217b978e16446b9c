// RtpRewriter: one outgoing RTP stream whose source changes behind it (spec section 7.12).
//
// Sequence numbers continue over changes of source, timestamps advance by the time that passed,
// VP8's picture ids and TL0PICIDX stay continuous. Within a source, gaps and reordering are kept;
// packets left out on purpose leave no gap. RFC 3550, RFC 7741. A shard's thread only.
#pragma once
#include <cstdint>
#include <optional>

#include "base/time.hpp"
#include "media/gapless_counter.hpp"
#include "wire/rtp/rtp_packet.hpp"

namespace limen::media {

class RtpRewriter {
 public:
  // `clock_rate`: 90000 for video, the codec's for audio.
  explicit RtpRewriter(uint32_t clock_rate) : clock_rate_(clock_rate) {}

  // The note for this packet; nothing if it came too late to have a place in the stream. A packet of
  // another SSRC than the last one's begins a new source.
  std::optional<OutgoingRtp> rewrite(const RtpPacket& packet, Instant now);
  // A packet of the current source that is not relayed. `whole_picture`: and neither is any other
  // packet of its picture (a temporal layer that is not wanted).
  void leave_out(const RtpPacket& packet, bool whole_picture);
  // Relaying stops for a while: afterwards the sequence numbers continue, the timestamps do not care.
  void pause() { sequence_.rebase(); }
  // What comes next is another source, even if it has the same SSRC.
  void change_source() { changed_ = true; }
  // The same, as if the last packet had been relayed now: the time until now leaves no trace.
  void resume(Instant now) {
    changed_ = true;
    last_relayed_ = now;
  }

  std::optional<uint32_t> source() const { return source_; }

 private:
  void begin_source(const RtpPacket& packet, Instant now);
  bool rewrite_vp8(const RtpPacket& packet, OutgoingRtp& out);

  uint32_t clock_rate_;
  std::optional<uint32_t> source_;
  bool changed_ = false;
  GaplessCounter sequence_{16};
  GaplessCounter picture_id_{15};
  GaplessCounter tl0_{8};
  bool wide_ids_ = true;
  uint32_t timestamp_offset_ = 0;
  uint32_t last_timestamp_ = 0;  // highest given out
  Instant last_relayed_{};
};

}  // namespace limen::media
