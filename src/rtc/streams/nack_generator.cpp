#include "rtc/streams/nack_generator.hpp"

#include <algorithm>

namespace limen::rtc {

void NackGenerator::on_packet(uint64_t sequence, bool retransmitted, Instant now) {
  if (highest_ == 0) {
    highest_ = sequence;
  } else if (sequence > highest_) {
    if (sequence > highest_ + 1) add_hole(highest_ + 1, sequence, now);
    highest_ = sequence;
  } else {
    fill(sequence, retransmitted, now);
  }
}

void NackGenerator::add_hole(uint64_t first, uint64_t end, Instant now) {
  uint64_t count = end - first;
  if (count > kMaxMissing) {
    // An outage, not a loss: only a keyframe helps.
    given_up_ += missing_.size() + count;
    missing_.clear();
    return;
  }
  size_t room = kMaxMissing - missing_.size();
  if (count > room) {
    auto excess = static_cast<ptrdiff_t>(count - room);
    given_up_ += static_cast<uint64_t>(excess);
    missing_.erase(missing_.begin(), missing_.begin() + excess);
  }
  Instant due = now + tolerance_;
  if (missing_.empty() || due < next_) next_ = due;
  for (uint64_t sequence = first; sequence < end; ++sequence) missing_.push_back({sequence, now, due, {}, 0});
}

void NackGenerator::fill(uint64_t sequence, bool retransmitted, Instant now) {
  auto at = std::lower_bound(missing_.begin(), missing_.end(), sequence,
                             [](const Missing& m, uint64_t wanted) { return m.sequence < wanted; });
  if (at == missing_.end() || at->sequence != sequence) return;
  // Whether a packet is late or answers a NACK cannot always be told; one that comes sooner than
  // an answer could was late.
  Duration age = now - at->since;
  if (!retransmitted && (at->tries == 0 || age < rtt_ * 3 / 4)) {
    tolerance_ = std::min(std::max(tolerance_, age * 5 / 4), kMaxTolerance);
  } else {
    tolerance_ -= tolerance_ / 8;
    if (at->tries != 0) learn_answer(*at, now);
  }
  missing_.erase(at);
  if (missing_.empty()) next_ = kNever;
}

void NackGenerator::learn_answer(const Missing& missing, Instant now) {
  Duration sample = now - missing.asked;
  // After several requests nobody knows which one was answered; a longer estimate is approached slowly.
  if (missing.tries > 1) sample = std::min(sample, std::max(answer_, rtt_) * 2);
  answer_ = answer_ == Duration::zero() ? sample : answer_ + (sample - answer_) / 4;
}

void NackGenerator::on_keyframe(uint64_t sequence) {
  auto end = std::lower_bound(missing_.begin(), missing_.end(), sequence,
                              [](const Missing& m, uint64_t wanted) { return m.sequence < wanted; });
  for (uint64_t next = sequence; end != missing_.begin() && (end - 1)->sequence == next - 1; --end) --next;
  missing_.erase(missing_.begin(), end);
  find_next();
}

size_t NackGenerator::collect(Instant now, Duration rtt, std::span<uint16_t> out) {
  if (now < next_deadline()) return 0;
  auto stale = [&](const Missing& m) { return now - m.since > kMaxAge || (m.tries >= kMaxTries && m.due <= now); };
  size_t before = missing_.size();
  std::erase_if(missing_, stale);
  given_up_ += before - missing_.size();

  rtt_ = rtt > Duration::zero() ? rtt : kDefaultRtt;
  Duration retry = std::max(std::max(rtt_, answer_) * 5 / 4, kMinRetry);
  size_t count = 0;
  for (Missing& m : missing_) {
    if (m.due > now) continue;
    if (count == out.size()) break;
    out[count++] = static_cast<uint16_t>(m.sequence);
    if (m.tries++ == 0) m.asked = now;
    m.due = now + retry;
  }
  find_next();
  return count;
}

void NackGenerator::find_next() {
  next_ = kNever;
  for (const Missing& m : missing_) next_ = std::min(next_, m.due);
}

}  // namespace limen::rtc
