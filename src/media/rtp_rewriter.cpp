#include "media/rtp_rewriter.hpp"

#include <algorithm>

#include "wire/codec/vp8.hpp"

namespace limen::media {

void RtpRewriter::begin_source(const RtpPacket& packet, Instant now) {
  if (source_) {
    int64_t elapsed_us = std::max<int64_t>(to_us(now - last_relayed_), 0);
    auto ticks = static_cast<uint32_t>(std::max<int64_t>(elapsed_us * clock_rate_ / 1'000'000, 1));
    timestamp_offset_ = last_timestamp_ + ticks - packet.timestamp;
    sequence_.rebase();
    picture_id_.rebase();
    tl0_.rebase();
  } else {
    last_timestamp_ = packet.timestamp;
  }
  source_ = packet.ssrc;
  changed_ = false;
}

std::optional<OutgoingRtp> RtpRewriter::rewrite(const RtpPacket& packet, Instant now) {
  if (changed_ || source_ != packet.ssrc) begin_source(packet, now);
  std::optional<uint32_t> sequence = sequence_.map(packet.sequence);
  if (!sequence) return std::nullopt;
  OutgoingRtp out = OutgoingRtp::same_as(packet);
  out.sequence = static_cast<uint16_t>(*sequence);
  out.timestamp = packet.timestamp + timestamp_offset_;
  if (packet.codec == Codec::vp8 && packet.video.picture_id >= 0 && !rewrite_vp8(packet, out)) return std::nullopt;
  if (timestamp_newer(out.timestamp, last_timestamp_)) last_timestamp_ = out.timestamp;
  last_relayed_ = now;
  return out;
}

bool RtpRewriter::rewrite_vp8(const RtpPacket& packet, OutgoingRtp& out) {
  // A source with ids of another width: start counting in that width.
  if (packet.video.wide_picture_id != wide_ids_) {
    wide_ids_ = packet.video.wide_picture_id;
    picture_id_ = GaplessCounter(wide_ids_ ? 15 : 7);
  }
  std::optional<uint32_t> id = picture_id_.map(static_cast<uint32_t>(packet.video.picture_id));
  if (!id) return false;
  uint32_t tl0 = 0;
  if (packet.video.tl0_picture_index >= 0) {
    std::optional<uint32_t> mapped = tl0_.map(static_cast<uint32_t>(packet.video.tl0_picture_index));
    if (!mapped) return false;
    tl0 = *mapped;
  }
  bool changed = static_cast<int32_t>(*id) != packet.video.picture_id ||
                 (packet.video.tl0_picture_index >= 0 && static_cast<int32_t>(tl0) != packet.video.tl0_picture_index);
  return !changed || vp8::rewrite_descriptor(out, static_cast<uint16_t>(*id), static_cast<uint8_t>(tl0));
}

void RtpRewriter::leave_out(const RtpPacket& packet, bool whole_picture) {
  if (changed_ || source_ != packet.ssrc) return;
  sequence_.leave_out(packet.sequence);
  if (whole_picture && packet.codec == Codec::vp8 && packet.video.picture_id >= 0) {
    picture_id_.leave_out(static_cast<uint32_t>(packet.video.picture_id));
  }
}

}  // namespace limen::media
