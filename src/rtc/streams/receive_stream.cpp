#include "rtc/streams/receive_stream.hpp"

#include <algorithm>

namespace limen::rtc {

ReceiveStream::Verdict ReceiveStream::on_packet(const Arrival& arrival, bool nack, Instant now) {
  bool first = !sequences_.started();
  if (first) restart(arrival.sequence);
  uint64_t highest = sequences_.highest();
  uint64_t sequence = sequences_.extend(arrival.sequence);

  if (sequence + kWindow <= highest) {
    bool confirmed = !arrival.recovered && restart_at_ == arrival.sequence;
    restart_at_ = static_cast<uint16_t>(arrival.sequence + 1);
    if (!confirmed) return Verdict::too_old;
    restart(arrival.sequence);
    highest = sequence = sequences_.highest();
    first = true;
  }
  restart_at_ = -1;
  if (sequence > highest) {
    advance(highest, sequence);
    sequences_.update(arrival.sequence);
  }
  if (!test_and_set(sequence)) return Verdict::duplicate;

  if (nack) {
    if (!nack_) nack_ = std::make_unique<NackGenerator>();
    nack_->on_packet(sequence, arrival.recovered, now);
  }
  if (arrival.recovered) {
    ++recovered_;
    ++retransmissions;
  } else {
    ++received_;
    if (first || sequence > highest) update_jitter(arrival.timestamp, now);
  }
  ++packets;
  bytes += arrival.bytes;
  interval_bytes_ += arrival.bytes;
  last_packet_ = now;
  return Verdict::fresh;
}

void ReceiveStream::restart(uint16_t sequence) {
  sequences_.start(sequence);
  base_ = sequences_.highest();
  received_ = recovered_ = 0;
  interval_expected_ = interval_received_ = interval_recovered_ = 0;
  seen_.fill(0);
  has_transit_ = false;
  if (nack_) nack_ = std::make_unique<NackGenerator>();
}

bool ReceiveStream::test_and_set(uint64_t sequence) {
  uint64_t& word = seen_[sequence % kWindow / 64];
  uint64_t bit = uint64_t{1} << (sequence % 64);
  if ((word & bit) != 0) return false;
  word |= bit;
  return true;
}

void ReceiveStream::advance(uint64_t from, uint64_t to) {
  if (to - from >= kWindow) {
    seen_.fill(0);
    return;
  }
  for (uint64_t sequence = from + 1; sequence <= to; ++sequence) {
    seen_[sequence % kWindow / 64] &= ~(uint64_t{1} << (sequence % 64));
  }
}

void ReceiveStream::update_jitter(uint32_t timestamp, Instant now) {
  // Packets of one frame share a timestamp and leave back to back: only the first says something.
  if (has_transit_ && timestamp == last_timestamp_) return;
  auto arrival = static_cast<uint32_t>(static_cast<uint64_t>(to_us(now)) * clock_rate_ / 1000000);
  uint32_t transit = arrival - timestamp;
  if (has_transit_) {
    auto difference = static_cast<int32_t>(transit - last_transit_);
    uint32_t size = difference < 0 ? 0u - static_cast<uint32_t>(difference) : static_cast<uint32_t>(difference);
    // A jump of more than ten seconds is a new timeline, not jitter.
    if (size < clock_rate_ * 10) jitter_ = jitter_ + size - ((jitter_ + 8) >> 4);
  }
  last_transit_ = transit;
  last_timestamp_ = timestamp;
  has_transit_ = true;
}

void ReceiveStream::on_keyframe(uint16_t sequence) {
  if (nack_ && started()) nack_->on_keyframe(sequences_.extend(sequence));
}

void ReceiveStream::on_sender_report(uint32_t ntp_middle, Instant now) {
  last_sr_ = ntp_middle;
  last_sr_at_ = now;
}

void ReceiveStream::end_interval() {
  bytes_last_second = interval_bytes_;
  silent_intervals_ = interval_bytes_ != 0 ? uint8_t{0} : static_cast<uint8_t>(std::min(silent_intervals_ + 1, 2));
  interval_bytes_ = 0;
  if (!started()) return;

  uint64_t total = sequences_.highest() - base_ + 1;
  uint64_t expected = total - interval_expected_;
  uint64_t received = received_ - interval_received_;
  uint64_t recovered = recovered_ - interval_recovered_;
  interval_expected_ = total;
  interval_received_ = received_;
  interval_recovered_ = recovered_;

  uint64_t lost = expected > received ? expected - received : 0;
  interval_lost_ = static_cast<uint32_t>(lost);
  fraction_lost_ = expected == 0 ? uint8_t{0} : static_cast<uint8_t>(std::min<uint64_t>(lost * 256 / expected, 255));
  link_quality_.add(expected, lost);
  media_quality_.add(expected, lost > recovered ? lost - recovered : 0);
}

int32_t ReceiveStream::lost() const {
  if (!started()) return 0;
  int64_t lost = static_cast<int64_t>(sequences_.highest() - base_ + 1) - static_cast<int64_t>(received_);
  return static_cast<int32_t>(std::clamp<int64_t>(lost, -0x800000, 0x7fffff));
}

ReceiveStream::Report ReceiveStream::report(Instant now) const {
  Report report;
  report.fraction_lost = fraction_lost_;
  report.lost = lost();
  report.highest = static_cast<uint32_t>(sequences_.highest() - 65536);
  report.jitter = jitter_ >> 4;
  report.last_sr = last_sr_;
  if (last_sr_ != 0)
    report.delay_since_sr = static_cast<uint32_t>((now - last_sr_at_).count() / 1000 * 65536 / 1000000);
  return report;
}

}  // namespace limen::rtc
