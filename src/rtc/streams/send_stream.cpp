#include "rtc/streams/send_stream.hpp"

#include <algorithm>

namespace limen::rtc {
namespace {

const PayloadConfig* find_payload(const MlineConfig& config, uint8_t payload_type) {
  for (const PayloadConfig& payload : config.payloads) {
    if (payload.payload_type == payload_type) return &payload;
  }
  return nullptr;
}

// RTX payload type for `payload_type`; nothing if it goes without RTX.
std::optional<uint8_t> rtx_payload_type(const MlineConfig& config, uint8_t payload_type) {
  const PayloadConfig* payload = find_payload(config, payload_type);
  if (config.local_rtx_ssrc == 0 || payload == nullptr) return std::nullopt;
  return payload->rtx_payload_type;
}

}  // namespace

void SendStream::update_keep(const MlineConfig& config, Duration min_keep) {
  constexpr Duration kMaxKeep = std::chrono::seconds(1);
  if (!config.nack || min_keep == Duration::zero()) {
    smoothed_keep_ = Duration::zero();
    history_.set_keep(Duration::zero());
    return;
  }
  min_keep = std::min(min_keep, kMaxKeep);
  // Long enough for the answer to a second NACK, should the first or its answer get lost.
  Duration wanted = std::clamp<Duration>(rtt_ * 3 + std::chrono::milliseconds(100), min_keep, kMaxKeep);
  smoothed_keep_ = smoothed_keep_ == Duration::zero() ? wanted : (smoothed_keep_ * 7 + wanted) / 8;
  smoothed_keep_ = std::clamp(smoothed_keep_, min_keep, kMaxKeep);
  history_.set_keep(smoothed_keep_);
}

WrittenRtp SendStream::write(const OutgoingRtp& rtp, const MlineConfig& config, int32_t transport_sequence, Instant now,
                             MutableBytes out) const {
  RtpSenderValues values{config.local_ssrc, config.mid, transport_sequence,
                         config.kind == MediaKind::video ? abs_send_time(now) : -1};
  return write_rtp(rtp, values, config.extensions, out);
}

void SendStream::on_sent(const OutgoingRtp& rtp, const WrittenRtp& written, int32_t transport_sequence,
                         bool forget_before_keyframe, Instant now) {
  if (rtp.source->video.keyframe && (!keyframe_seen_ || keyframe_timestamp_ != rtp.timestamp)) {
    keyframe_seen_ = true;
    keyframe_timestamp_ = rtp.timestamp;
    if (forget_before_keyframe) history_.clear();
  }
  if (keep() != Duration::zero()) {
    history_.add(rtp, recent_.add(*rtp.source, keep(), now), transport_sequence, now);
  }
  if (packets == 0 || timestamp_newer(rtp.timestamp, last_timestamp_)) {
    last_timestamp_ = rtp.timestamp;
    last_timestamp_at_ = now;
  }
  ++packets;
  octets += static_cast<size_t>(written.size - written.header_size - rtp.padding);
  bytes += written.size;
  interval_bytes_ += written.size;
  last_payload_type = rtp.payload_type;
}

SentPacket* SendStream::find_for_resend(uint16_t sequence, Duration rtt, Instant now) {
  SentPacket* sent = history_.find(sequence, now);
  bool there = sent != nullptr && recent_.find(sent->source) != nullptr;
  return there && may_resend(*sent, rtt, now) ? sent : nullptr;
}

bool SendStream::resends_as_rtx(const SentPacket& sent, const MlineConfig& config) const {
  return rtx_payload_type(config, sent.payload_type).has_value();
}

WrittenRtp SendStream::write_again(const SentPacket& sent, const MlineConfig& config, uint8_t mline,
                                   MutableBytes out) const {
  const RecentPackets::Source* kept = recent_.find(sent.source);
  if (kept == nullptr) return {};
  RtpPacket source = kept->rtp();
  return write(sent.note(source, mline), config, sent.numbered ? sent.transport_sequence : -1, sent.sent_at, out);
}

WrittenRtp SendStream::write_rtx(const SentPacket& sent, const MlineConfig& config, uint8_t mline,
                                 int32_t transport_sequence, Instant now, MutableBytes out) {
  std::optional<uint8_t> payload_type = rtx_payload_type(config, sent.payload_type);
  const RecentPackets::Source* kept = recent_.find(sent.source);
  if (!payload_type || kept == nullptr) return {};
  RtpPacket source = kept->rtp();
  OutgoingRtp rtp = sent.note(source, mline);
  RtpSenderValues values{0, config.mid, transport_sequence, abs_send_time(now)};
  RtxValues rtx{config.local_rtx_ssrc, rtx_sequence_, *payload_type};
  WrittenRtp written = limen::write_rtx(rtp, rtx, values, config.extensions, out);
  if (written) ++rtx_sequence_;
  return written;
}

void SendStream::on_resent(SentPacket& sent, size_t size, Instant now) {
  if (sent.resends < 127) ++sent.resends;
  sent.resent_after_ms = static_cast<uint32_t>(std::max<int64_t>(to_ms(now - sent.sent_at), 0));
  ++retransmissions;
  bytes += size;
  interval_bytes_ += size;
}

uint32_t SendStream::clock_rate(const MlineConfig& config) const {
  const PayloadConfig* payload =
      last_payload_type < 0 ? nullptr : find_payload(config, static_cast<uint8_t>(last_payload_type));
  if (payload != nullptr && payload->clock_rate != 0) return payload->clock_rate;
  return config.kind == MediaKind::audio ? 48000 : 90000;
}

uint32_t SendStream::rtp_time(const MlineConfig& config, Instant now) const {
  auto elapsed = static_cast<uint64_t>(std::max<int64_t>(to_us(now - last_timestamp_at_), 0));
  return last_timestamp_ + static_cast<uint32_t>(elapsed * clock_rate(config) / 1000000);
}

void SendStream::on_report(const rtcp::ReportBlock& block, std::optional<Duration> rtt) {
  if (rtt) rtt_ = *rtt;
  remote_jitter_ = block.jitter;
  if (reported_) {
    int32_t lost = block.packets_lost - lost_by_remote_;
    auto expected = static_cast<int32_t>(block.highest_sequence - reported_highest_);
    if (expected > 0) {
      auto missing = static_cast<uint64_t>(std::max(lost, 0));
      uint64_t repaired = retransmissions - reported_retransmissions_;
      link_quality_.add(static_cast<uint64_t>(expected), missing);
      media_quality_.add(static_cast<uint64_t>(expected), missing > repaired ? missing - repaired : 0);
    }
    if (lost > 0) reported_losses_ += static_cast<uint32_t>(lost);
  } else if (block.packets_lost > 0) {
    reported_losses_ += static_cast<uint32_t>(block.packets_lost);
  }
  reported_ = true;
  reported_highest_ = block.highest_sequence;
  reported_retransmissions_ = retransmissions;
  lost_by_remote_ = block.packets_lost;
}

uint32_t SendStream::take_reported_losses() {
  return std::exchange(reported_losses_, 0);
}

void SendStream::end_interval(Instant now) {
  bytes_last_second = interval_bytes_;
  interval_bytes_ = 0;
  history_.trim(now);
  recent_.trim(now);
  history_.release_if_empty();
}

}  // namespace limen::rtc
