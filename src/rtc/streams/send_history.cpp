#include "rtc/streams/send_history.hpp"

#include <algorithm>

namespace limen::rtc {

OutgoingRtp SentPacket::note(const RtpPacket& from, uint8_t mline) const {
  OutgoingRtp note;
  note.source = &from;
  note.timestamp = timestamp;
  note.sequence = sequence;
  note.payload_type = payload_type;
  note.mline = mline;
  note.marker = marker;
  note.prefix_replaced = prefix_replaced;
  note.prefix_size = prefix_size;
  note.prefix = prefix;
  note.padding = padding;
  note.min_playout_delay = min_playout_delay;
  note.max_playout_delay = max_playout_delay;
  return note;
}

void SendHistory::set_keep(Duration keep) {
  keep_ = keep;
  if (keep == Duration::zero()) {
    clear();
    ring_ = {};
  }
}

void SendHistory::add(const OutgoingRtp& rtp, RecentPackets::Number source, int32_t transport_sequence, Instant now) {
  if (keep_ == Duration::zero()) return;
  trim(now);
  if (count_ == ring_.size()) {
    if (count_ < kMaxPackets) grow();
    else drop_oldest();
  }
  SentPacket& sent = at(count_++);
  sent.sent_at = now;
  sent.source = source;
  sent.timestamp = rtp.timestamp;
  sent.sequence = rtp.sequence;
  sent.transport_sequence = static_cast<uint16_t>(transport_sequence);
  sent.payload_type = rtp.payload_type & 0x7f;
  sent.marker = rtp.marker;
  sent.resends = 0;
  sent.numbered = transport_sequence >= 0;
  sent.prefix_replaced = rtp.prefix_replaced;
  sent.prefix_size = rtp.prefix_size & 0xf;
  sent.padding = rtp.padding & 0xf;
  sent.prefix = rtp.prefix;
  sent.min_playout_delay = rtp.min_playout_delay;
  sent.max_playout_delay = rtp.max_playout_delay;
  sent.resent_after_ms = 0;
}

SentPacket* SendHistory::find(uint16_t sequence, Instant now) {
  if (count_ == 0) return nullptr;
  // Nearly ascending: plugins may pass on reordering, so the neighbours are looked at as well.
  uint16_t newest = at(count_ - 1).sequence;
  auto age = [&](size_t index) { return sequence_distance(at(index).sequence, newest); };
  int16_t wanted = sequence_distance(sequence, newest);
  size_t low = 0;
  size_t high = count_;
  while (low < high) {
    size_t middle = (low + high) / 2;
    if (age(middle) > wanted) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  size_t first = low > 8 ? low - 8 : 0;
  for (size_t i = first; i < std::min(low + 8, count_); ++i) {
    SentPacket& sent = at(i);
    if (sent.sequence == sequence) return now - sent.sent_at <= keep_ ? &sent : nullptr;
  }
  return nullptr;
}

void SendHistory::trim(Instant now) {
  while (count_ != 0 && now - at(0).sent_at > keep_) drop_oldest();
}

void SendHistory::clear() {
  count_ = 0;
}

void SendHistory::release_if_empty() {
  if (count_ == 0) ring_ = {};
}

void SendHistory::drop_oldest() {
  head_ = (head_ + 1) & (ring_.size() - 1);
  --count_;
}

void SendHistory::grow() {
  std::vector<SentPacket> larger(ring_.empty() ? 16 : ring_.size() * 2);
  for (size_t i = 0; i < count_; ++i) larger[i] = at(i);
  ring_ = std::move(larger);
  head_ = 0;
}

bool may_resend(const SentPacket& packet, Duration rtt, Instant now) {
  constexpr uint8_t kMaxResends = 10;
  if (packet.resends == 0) return true;
  if (packet.resends >= kMaxResends) return false;
  Duration gap = std::clamp<Duration>(rtt * 3 / 4, std::chrono::milliseconds(20), std::chrono::milliseconds(250));
  gap = std::min<Duration>(gap * (1 << std::min(packet.resends - 1, 4)), std::chrono::seconds(1));
  return now - packet.resent_at() >= gap;
}

}  // namespace limen::rtc
