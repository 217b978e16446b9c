// MediaStreams, incoming RTP.
#include "rtc/peer/media_streams.hpp"
#include "wire/codec/video_facts.hpp"
#include "wire/rtp/rtp_parser.hpp"

namespace limen::rtc {

void MediaStreams::on_rtp(Packet bytes, Instant now) {
  auto wire_size = static_cast<uint32_t>(bytes.size());
  auto* known = wire_size >= kRtpFixedHeader ? sources_.find(load_u32(bytes.data() + 8)) : nullptr;
  const ExtensionMap& map = known != nullptr ? mlines_[known->slot.mline]->config().extensions : bundle_extensions_;
  auto parsed = parse_rtp(std::move(bytes), map);
  if (!parsed) return drops_.add(Drop::rtp_malformed);
  RtpPacket& packet = *parsed;

  Found found;
  if (!find_source(packet, found)) return drops_.add(Drop::unknown_ssrc);
  Mline& mline = *found.mline;
  if (!mline.config().receive) return drops_.add(Drop::receive_off);
  if (transport_cc_ && packet.extensions.transport_sequence >= 0) {
    if (arrivals_.empty()) feedback_at_ = now + tuning_.twcc_period;
    arrivals_.on_packet(static_cast<uint16_t>(packet.extensions.transport_sequence), now);
  }
  if (found.slot.rtx && !unwrap(packet, found)) return;
  if (packet.retransmitted) ++transport_.totals().retransmissions_in;

  Mline::PayloadUse use = mline.payload(packet.payload_type);
  if (use.payload != nullptr) packet.codec = use.payload->codec;
  packet.mline = found.slot.mline;
  packet.substream = found.slot.substream;
  ReceiveSlot& slot = mline.slots[found.slot.substream];
  uint32_t rate = use.payload != nullptr ? use.payload->clock_rate : 0;
  if (!slot.stream || slot.stream->ssrc() != packet.ssrc) restart_slot(slot, packet.ssrc, rate);
  if (rate != 0) slot.stream->set_clock_rate(rate);

  ReceiveStream::Arrival arrival{packet.sequence, packet.timestamp, wire_size, packet.retransmitted};
  ReceiveStream::Verdict verdict = slot.stream->on_packet(arrival, mline.config().nack, now);
  if (verdict == ReceiveStream::Verdict::duplicate) return drops_.add(Drop::duplicate);
  if (verdict == ReceiveStream::Verdict::too_old) return drops_.add(Drop::too_late);

  mline.last_payload_type = packet.payload_type;
  if (packet.codec != Codec::unknown) mline.codec = packet.codec;
  if (mline.config().kind == MediaKind::video) read_codec(packet, slot);
  if (slot.flow.on_packet()) {
    events_.push(MediaStateChanged{found.slot.mline, found.slot.substream, true});
    if (tuning_.no_media_timer > Duration::zero()) plan_monitor(now + tuning_.no_media_timer);
  }
  events_.push(RtpReceived{std::move(packet)});
}

void MediaStreams::restart_slot(ReceiveSlot& slot, uint32_t ssrc, uint32_t clock_rate) {
  slot.stream = std::make_unique<ReceiveStream>(ssrc, clock_rate);
  slot.dependency.reset();
}

bool MediaStreams::unwrap(RtpPacket& packet, const Found& found) {
  const SourceTable::Entry* media = sources_.find(SourceSlot{found.slot.mline, found.slot.substream, false});
  Mline::PayloadUse use = found.mline->payload(packet.payload_type);
  if (media == nullptr || use.payload == nullptr || !use.rtx) {
    drops_.add(Drop::rtx_without_media);
    return false;
  }
  found.mline->last_rtx_payload_type = packet.payload_type;
  if (!unwrap_rtx(packet, media->ssrc, use.payload->payload_type)) {
    drops_.add(Drop::rtx_empty);
    return false;
  }
  packet.retransmitted = true;
  return true;
}

void MediaStreams::read_codec(RtpPacket& packet, ReceiveSlot& slot) {
  packet.video = parse_video_facts(packet.codec, packet.payload());
  if (packet.extensions.dependency_size != 0) {
    if (!slot.dependency) slot.dependency = std::make_unique<DependencyReader>();
    if (auto descriptor = slot.dependency->read(packet.dependency_descriptor())) apply(*descriptor, packet.video);
  }
  if (!packet.video.keyframe) return;
  slot.stream->on_keyframe(packet.sequence);
  slot.keyframes.on_keyframe();
}

}  // namespace limen::rtc
