#include "rtc/streams/send_stream.hpp"

#include <algorithm>

namespace limen::rtc {
namespace {

// FNV-1a; tells whether a rebuilt header is the one that was sent.
uint32_t hash_of(Bytes bytes) {
  uint32_t hash = 2166136261u;
  for (uint8_t byte : bytes) hash = (hash ^ byte) * 16777619u;
  return hash;
}

const PayloadConfig* find_payload(const MlineConfig& config, uint8_t payload_type) {
  for (const PayloadConfig& payload : config.payloads) {
    if (payload.payload_type == payload_type) return &payload;
  }
  return nullptr;
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
  Duration wanted = std::clamp<Duration>(rtt_ + std::chrono::milliseconds(100), min_keep, kMaxKeep);
  smoothed_keep_ = smoothed_keep_ == Duration::zero() ? wanted : (smoothed_keep_ * 7 + wanted) / 8;
  smoothed_keep_ = std::clamp(smoothed_keep_, min_keep, kMaxKeep);
  history_.set_keep(smoothed_keep_);
}

WrittenRtp SendStream::write(const OutgoingRtp& rtp, const MlineConfig& config, int32_t transport_sequence,
                             bool forget_before_keyframe, Instant now, MutableBytes out) {
  RtpSenderValues values{config.local_ssrc, config.mid, transport_sequence,
                         config.kind == MediaKind::video ? abs_send_time(now) : -1};
  WrittenRtp written = write_rtp(rtp, values, config.extensions, out);
  if (!written) return written;

  if (rtp.source->video.keyframe && (!keyframe_seen_ || keyframe_timestamp_ != rtp.timestamp)) {
    keyframe_seen_ = true;
    keyframe_timestamp_ = rtp.timestamp;
    if (forget_before_keyframe) history_.clear();
  }
  if (SentPacket* sent = history_.add(rtp, now)) {
    sent->transport_sequence = transport_sequence;
    sent->abs_send_time = values.abs_send_time;
    sent->header_hash = hash_of(Bytes(out).first(written.header_size));
  }
  if (packets == 0 || timestamp_newer(rtp.timestamp, last_timestamp_)) {
    last_timestamp_ = rtp.timestamp;
    last_timestamp_at_ = now;
  }
  ++packets;
  octets += static_cast<size_t>(written.size - written.header_size);
  bytes += written.size;
  interval_bytes_ += written.size;
  sent_in_interval_ = true;
  last_payload_type = rtp.payload_type;
  return written;
}

SentPacket* SendStream::find_for_resend(uint16_t sequence, Instant now) {
  SentPacket* sent = history_.find(sequence, now);
  return sent != nullptr && may_resend(*sent, rtt_, now) ? sent : nullptr;
}

WrittenRtp SendStream::write_again(SentPacket& sent, const MlineConfig& config, uint8_t mline,
                                   int32_t transport_sequence, Instant now, MutableBytes out) {
  RtpPacket source = sent.source();
  OutgoingRtp rtp = sent.note(source, mline);
  const PayloadConfig* payload = find_payload(config, sent.payload_type);
  if (config.local_rtx_ssrc != 0 && payload != nullptr && payload->rtx_payload_type) {
    RtpSenderValues values{0, config.mid, transport_sequence, abs_send_time(now)};
    RtxValues rtx{config.local_rtx_ssrc, rtx_sequence_, *payload->rtx_payload_type};
    WrittenRtp written = write_rtx(rtp, rtx, values, config.extensions, out);
    if (written) ++rtx_sequence_;
    return written;
  }
  RtpSenderValues values{config.local_ssrc, config.mid, sent.transport_sequence, sent.abs_send_time};
  WrittenRtp written = write_rtp(rtp, values, config.extensions, out);
  if (written && hash_of(Bytes(out).first(written.header_size)) != sent.header_hash) return {};
  return written;
}

void SendStream::on_resent(SentPacket& sent, size_t size, Instant now) {
  if (sent.resends < 255) ++sent.resends;
  sent.resent_at = now;
  ++retransmissions;
  bytes += size;
  interval_bytes_ += size;
}

uint32_t SendStream::rtp_time(const MlineConfig& config, Instant now) const {
  uint32_t rate = 90000;
  if (last_payload_type >= 0) {
    if (const PayloadConfig* payload = find_payload(config, static_cast<uint8_t>(last_payload_type))) {
      rate = payload->clock_rate;
    }
  }
  auto elapsed = static_cast<uint64_t>(std::max<int64_t>(to_us(now - last_timestamp_at_), 0));
  return last_timestamp_ + static_cast<uint32_t>(elapsed * rate / 1000000);
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
  sent_in_interval_ = false;
  history_.trim(now);
}

}  // namespace limen::rtc
