#include "rtc/sctp/sent_chunks.hpp"

#include <algorithm>
#include <map>

#include "rtc/sctp/serial.hpp"

namespace limen::rtc {

namespace {
constexpr uint8_t kReportsForLoss = 3;
}  // namespace

SentChunks::SentChunks(SendQueue& queue, uint32_t initial_tsn) : queue_(queue), first_(widened(initial_tsn)) {}

size_t SentChunks::wire_size(const Chunk& chunk) const {
  return sctp::padded((interleaving_ ? sctp::kIDataHeader : sctp::kDataHeader) + chunk.fragment.size);
}

void SentChunks::leave_flight(Chunk& chunk) {
  flight_ -= wire_size(chunk);
  flight_payload_ -= chunk.fragment.size;
}

void SentChunks::enter_flight(Chunk& chunk) {
  chunk.state = State::in_flight;
  flight_ += wire_size(chunk);
  flight_payload_ += chunk.fragment.size;
}

SentChunks::Outcome SentChunks::handle(const sctp::SackChunk& sack, bool in_recovery, Instant now) {
  Outcome outcome;
  uint64_t cumulative = unwrap32(sack.cumulative_tsn, first_ - 1);
  if (cumulative > last_sent()) return outcome;
  outcome.valid = true;
  if (cumulative + 1 < first_) return outcome;  // overtaken by a newer one
  newest_acked_ = 0;
  advance(cumulative, outcome, now);
  if (sack.gap_count() > 0 || highest_acked_ >= first_) {
    if (!apply_gaps(sack, outcome, now)) {
      outcome.valid = false;
      return outcome;
    }
    count_missing(in_recovery && outcome.advanced ? highest_acked_ : newest_acked_, outcome, now);
  }
  return outcome;
}

SentChunks::Outcome SentChunks::handle_cumulative(uint32_t tsn, Instant now) {
  Outcome outcome;
  uint64_t cumulative = unwrap32(tsn, first_ - 1);
  if (cumulative > last_sent()) return outcome;
  outcome.valid = true;
  if (cumulative >= first_) advance(cumulative, outcome, now);
  return outcome;
}

void SentChunks::acknowledge(Chunk& chunk, uint64_t tsn, Outcome& outcome, Instant now) {
  if (chunk.state == State::acked || chunk.state == State::abandoned) return;
  if (chunk.state == State::in_flight) leave_flight(chunk);
  else lost_.erase(tsn);
  chunk.state = State::acked;
  outcome.acked += wire_size(chunk);
  newest_acked_ = std::max(newest_acked_, tsn);
  // Karn: what was sent twice does not say which of the two was answered.
  if (tsn == timed_ && chunk.transmissions == 1) outcome.round_trip = now - chunk.sent_at;
}

void SentChunks::advance(uint64_t cumulative, Outcome& outcome, Instant now) {
  while (first_ <= cumulative) {
    acknowledge(chunks_.front(), first_, outcome, now);
    bytes_ -= chunks_.front().fragment.size;
    chunks_.pop_front();
    ++first_;
    outcome.advanced = true;
  }
  if (timed_ < first_) timed_ = 0;
}

bool SentChunks::apply_gaps(const sctp::SackChunk& sack, Outcome& outcome, Instant now) {
  uint64_t end = sack.gap_count() == 0 ? 0 : first_ - 1 + sack.gap(sack.gap_count() - 1).end;
  if (end > last_sent()) return false;
  uint64_t until = std::max(end, highest_acked_);
  size_t block = 0;
  for (uint64_t tsn = first_; tsn <= until; ++tsn) {
    uint64_t offset = tsn - first_ + 1;
    while (block < sack.gap_count() && sack.gap(block).end < offset) ++block;
    bool covered = block < sack.gap_count() && sack.gap(block).start <= offset;
    Chunk& chunk = chunks_[tsn - first_];
    if (covered) {
      acknowledge(chunk, tsn, outcome, now);
    } else if (chunk.state == State::acked) {
      // The peer threw away what it had reported.
      chunk.state = State::lost;
      lost_.insert(tsn);
    }
  }
  highest_acked_ = end;
  return true;
}

void SentChunks::count_missing(uint64_t below, Outcome& outcome, Instant now) {
  for (uint64_t tsn = first_; tsn < below; ++tsn) {
    Chunk& chunk = chunks_[tsn - first_];
    if (chunk.state != State::in_flight || below <= chunk.newest_before) continue;
    if (++chunk.missing < kReportsForLoss) continue;
    outcome.loss = true;
    lose(chunk, tsn, now);
  }
}

void SentChunks::lose(Chunk& chunk, uint64_t tsn, Instant now) {
  leave_flight(chunk);
  chunk.state = State::lost;
  lost_.insert(tsn);
  if (given_up(chunk, now)) abandon(*OutgoingMessagePtr(chunk.fragment.message));
}

bool SentChunks::given_up(const Chunk& chunk, Instant now) const {
  const OutgoingMessage& message = *chunk.fragment.message;
  if (message.expires <= now) return true;
  return message.max_retransmissions && chunk.transmissions > *message.max_retransmissions;
}

void SentChunks::on_timeout(Instant now) {
  for (size_t i = 0; i < chunks_.size(); ++i) {
    chunks_[i].missing = 0;
    if (chunks_[i].state == State::in_flight) lose(chunks_[i], first_ + i, now);
  }
  timed_ = 0;
}

void SentChunks::abandon(const OutgoingMessage& message) {
  OutgoingMessagePtr kept = queue_.drop_rest(message);
  bool rest = kept != nullptr;
  size_t begin = message.first_tsn > first_ ? message.first_tsn - first_ : 0;
  size_t end = message.last_tsn >= first_ ? message.last_tsn - first_ + 1 : 0;
  for (size_t i = begin; i < end; ++i) {
    Chunk& chunk = chunks_[i];
    if (chunk.fragment.message.get() != &message) continue;
    kept = chunk.fragment.message;
    if (chunk.state == State::in_flight) leave_flight(chunk);
    if (chunk.state == State::lost) lost_.erase(first_ + i);
    chunk.state = State::abandoned;
    bytes_ -= chunk.fragment.size;
    chunk.fragment.size = 0;
  }
  if (!kept) return;
  ++abandoned_;
  if (rest) {
    // The chunks before may be acknowledged already; a number of its own lets the peer be told to skip.
    Chunk last;
    last.fragment.message = kept;
    last.state = State::abandoned;
    chunks_.push_back(std::move(last));
  }
  kept->abandoned = true;
  kept->bytes = {};
}

bool SentChunks::has_lost(Instant now) {
  while (!lost_.empty()) {
    Chunk& chunk = chunks_[*lost_.begin() - first_];
    if (chunk.fragment.message->expires > now) return true;
    abandon(*OutgoingMessagePtr(chunk.fragment.message));
  }
  return false;
}

size_t SentChunks::lost_size() const {
  return chunks_[*lost_.begin() - first_].fragment.size;
}

sctp::DataChunk SentChunks::resend(Instant now) {
  uint64_t tsn = *lost_.begin();
  lost_.erase(lost_.begin());
  Chunk& chunk = chunks_[tsn - first_];
  enter_flight(chunk);
  chunk.sent_at = now;
  chunk.missing = 0;
  chunk.newest_before = last_sent();
  ++chunk.transmissions;
  ++retransmissions_;
  return describe(chunk, tsn);
}

sctp::DataChunk SentChunks::send(Fragment fragment, Instant now) {
  Chunk chunk;
  chunk.fragment = std::move(fragment);
  chunk.sent_at = now;
  chunk.transmissions = 1;
  bytes_ += chunk.fragment.size;
  enter_flight(chunk);
  chunks_.push_back(std::move(chunk));
  OutgoingMessage& message = *chunks_.back().fragment.message;
  message.last_tsn = last_sent();
  if (message.first_tsn == 0) message.first_tsn = message.last_tsn;
  if (timed_ == 0) timed_ = last_sent();
  return describe(chunks_.back(), last_sent());
}

sctp::DataChunk SentChunks::describe(const Chunk& chunk, uint64_t tsn) const {
  const OutgoingMessage& message = *chunk.fragment.message;
  sctp::DataChunk out;
  out.interleaved = interleaving_;
  out.unordered = message.unordered;
  out.begin = chunk.fragment.begin;
  out.end = chunk.fragment.end;
  out.tsn = static_cast<uint32_t>(tsn);
  out.stream = message.stream;
  out.message_id = message.message_id;
  out.fragment = chunk.fragment.number;
  out.ppid = message.ppid;
  out.payload = Bytes(message.bytes).subspan(chunk.fragment.offset, chunk.fragment.size);
  return out;
}

std::optional<SentChunks::Skip> SentChunks::skip(size_t max_streams) const {
  Skip out;
  std::map<std::pair<uint16_t, bool>, uint32_t> newest;
  bool any = false;
  for (size_t i = 0; i < chunks_.size(); ++i) {
    const Chunk& chunk = chunks_[i];
    if (chunk.state == State::acked) continue;  // the peer has it
    if (chunk.state != State::abandoned) break;
    const OutgoingMessage& message = *chunk.fragment.message;
    if (!message.unordered || interleaving_) {
      auto key = std::pair(message.stream, message.unordered);
      if (newest.size() == max_streams && !newest.contains(key)) break;
      newest[key] = message.message_id;
    }
    out.tsn = static_cast<uint32_t>(first_ + i);
    any = true;
  }
  if (!any) return std::nullopt;
  for (const auto& [key, id] : newest) out.streams.push_back({key.first, key.second, id});
  return out;
}

}  // namespace limen::rtc
