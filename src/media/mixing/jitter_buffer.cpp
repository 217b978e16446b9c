#include "media/mixing/jitter_buffer.hpp"

#include <algorithm>
#include <utility>

namespace limen::media {

namespace {
constexpr int kCalm = 10;  // windows without trouble after which less margin is tried
}

void JitterBuffer::put(const RtpPacket& packet, bool silent) {
  if (known_ && packet.ssrc != ssrc_) restart();
  if (known_) {
    int distance = sequence_distance(newest_, packet.sequence);
    if (distance < -kMaxLate || distance >= static_cast<int>(kCapacity)) restart();
  }
  if (!known_) {
    known_ = true;
    ssrc_ = packet.ssrc;
    newest_ = packet.sequence;
  } else if (sequence_newer(packet.sequence, newest_)) {
    newest_ = packet.sequence;
  }
  if (running_ && sequence_newer(next_, packet.sequence)) {
    ++counters_.late;
    return;
  }
  store(packet, silent);
}

void JitterBuffer::store(const RtpPacket& packet, bool silent) {
  if (holds(packet.sequence)) {
    ++counters_.duplicate;
    return;
  }
  Slot& place = slot(packet.sequence);
  // Something older that nobody came for.
  if (place.used) drop(place.packet.sequence);
  place = {true, silent, packet};
  ++count_;
}

void JitterBuffer::drop(uint16_t sequence) {
  Slot& place = slot(sequence);
  if (!place.used) return;
  place = {};
  --count_;
}

void JitterBuffer::restart() {
  ++counters_.restarts;
  int margin = margin_;
  reset();
  margin_ = margin;
}

void JitterBuffer::reset() {
  for (Slot& place : slots_) place = {};
  count_ = 0;
  known_ = running_ = ran_dry_ = surplus_ = false;
  starved_ = owed_ = takes_ = calm_windows_ = 0;
  least_ = kCapacity;
  margin_ = kMargin;
}

// Nothing has come for a while: what comes next is waited for as at the beginning.
void JitterBuffer::stop() {
  running_ = false;
  starved_ = owed_ = 0;
}

uint16_t JitterBuffer::first_waiting() {
  uint16_t first = newest_;
  for (const Slot& place : slots_) {
    if (place.used && sequence_newer(first, place.packet.sequence)) first = place.packet.sequence;
  }
  return first;
}

JitterBuffer::Take JitterBuffer::take() {
  if (!running_) {
    if (count_ < static_cast<size_t>(margin_)) return {};
    running_ = true;
    next_ = first_waiting();
  }
  look_at_delay();
  if (count_ == 0) return starve();
  return take_next();
}

JitterBuffer::Take JitterBuffer::starve() {
  ran_dry_ = true;
  least_ = 0;
  if (++starved_ > kMaxConcealed) {
    stop();
    return {};
  }
  ++owed_;
  ++counters_.lost;
  Take out;
  out.kind = Kind::lost;
  return out;
}

JitterBuffer::Take JitterBuffer::take_next() {
  starved_ = 0;
  // A hole whose time was filled already while there was nothing at all.
  while (owed_ > 0 && !holds(next_)) {
    --owed_;
    ++next_;
  }
  owed_ = 0;
  Take out;
  if (!holds(next_)) {
    if (sequence_distance(next_, first_waiting()) > kMaxConcealed) {
      next_ = first_waiting();
    } else {
      ++counters_.lost;
      ++next_;
      out.kind = Kind::lost;
      if (holds(next_)) out.next = slot(next_).packet.payload();
      return out;
    }
  }
  Slot& place = slot(next_);
  out.kind = Kind::packet;
  out.silent = place.silent;
  out.packet = std::move(place.packet);
  place = {};
  --count_;
  ++next_;
  least_ = std::min(least_, count_);
  return out;
}

void JitterBuffer::look_at_delay() {
  size_t wanted = static_cast<size_t>(margin_);
  if (count_ > 2 * wanted + 4) shorten();
  if (surplus_ && holds(next_) && slot(next_).silent) shorten();
  if (++takes_ < kWindow) return;
  if (ran_dry_) {
    margin_ = std::min(margin_ + 1, kMostMargin);
    calm_windows_ = 0;
  } else if (++calm_windows_ >= kCalm) {
    margin_ = std::max(margin_ - 1, kMargin);
    calm_windows_ = 0;
  }
  // A quiet packet may go at once; if there was none for a whole window, any.
  bool more_than_needed = least_ != kCapacity && least_ >= wanted;
  if (more_than_needed && surplus_) shorten();
  else surplus_ = more_than_needed;
  takes_ = 0;
  ran_dry_ = false;
  least_ = kCapacity;
}

// The packet at the front is left out; a hole there shortens by itself.
void JitterBuffer::shorten() {
  if (!holds(next_)) return;
  surplus_ = false;
  ++counters_.skipped;
  drop(next_);
  ++next_;
}

}  // namespace limen::media
