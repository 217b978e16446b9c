#include "plugins/streaming/ingest/reception.hpp"

#include <algorithm>
#include <cmath>

#include "wire/rtp/rtp_packet.hpp"

namespace limen::streaming {

void Reception::on_rtp(uint32_t ssrc, uint16_t sequence, uint32_t timestamp, Instant now) {
  int distance = sequence_distance(static_cast<uint16_t>(highest_), sequence);
  bool fresh = !started_ || ssrc != ssrc_ || std::abs(distance) > kMaxJump;
  // The difference may wrap: taken modulo 2^32 it is small again.
  double arrival = std::fmod(std::chrono::duration<double>(now.time_since_epoch()).count() * clock_rate_, 4294967296.0);
  double transit = arrival - timestamp;
  if (fresh) {
    *this = Reception(clock_rate_);
    started_ = true;
    ssrc_ = ssrc;
    first_ = highest_ = 65536U + sequence;
  } else {
    if (distance > 0) highest_ += static_cast<uint32_t>(distance);
    double change = std::remainder(transit - transit_, 4294967296.0);
    jitter_ += (std::abs(change) - jitter_) / 16;
  }
  transit_ = transit;
  ++received_;
}

void Reception::on_sender_report(const rtcp::SenderReport& report, Instant now) {
  if (!started_ || report.ssrc != ssrc_) return;
  last_report_ = rtcp::compact_ntp(report.ntp);
  last_report_at_ = now;
}

std::optional<rtcp::ReportBlock> Reception::report(Instant now) {
  if (!started_) return std::nullopt;
  uint32_t expected = highest_ - first_ + 1;
  auto lost = static_cast<int64_t>(expected) - received_;
  auto expected_now = static_cast<int64_t>(expected) - expected_before_;
  auto lost_now = expected_now - (static_cast<int64_t>(received_) - received_before_);
  expected_before_ = expected;
  received_before_ = received_;
  rtcp::ReportBlock block;
  block.ssrc = ssrc_;
  if (expected_now > 0 && lost_now > 0) {
    block.fraction_lost = static_cast<uint8_t>(std::min<int64_t>(lost_now * 256 / expected_now, 255));
  }
  block.packets_lost = static_cast<int32_t>(std::clamp<int64_t>(lost, -0x800000, 0x7fffff));
  block.highest_sequence = highest_ - 65536U;
  block.jitter = static_cast<uint32_t>(std::min(jitter_, 4294967295.0));
  block.last_sr = last_report_;
  block.delay_since_last_sr = last_report_ == 0 ? 0 : rtcp::compact_duration(now - last_report_at_);
  return block;
}

}  // namespace limen::streaming
