#include "rtc/sctp/reassembly.hpp"

#include <algorithm>
#include <utility>

#include "rtc/sctp/serial.hpp"

namespace limen::rtc {

Reassembly::Stream& Reassembly::stream(uint16_t id) {
  return streams_.try_emplace(id, Stream{widened(0), widened(0), {}}).first->second;
}

uint64_t Reassembly::unwrap(const Stream& stream, uint32_t message_id) const {
  return interleaved_ ? unwrap32(message_id, stream.next) : unwrap16(static_cast<uint16_t>(message_id), stream.next);
}

Reassembly::Outcome Reassembly::add(const sctp::DataChunk& chunk, uint64_t tsn) {
  interleaved_ = chunk.interleaved;
  if (chunk.begin && chunk.end) {
    if (chunk.payload.size() > max_message_) return Outcome::too_large;
    deliver(
        {{chunk.stream, chunk.unordered, chunk.message_id}, chunk.ppid, {chunk.payload.begin(), chunk.payload.end()}});
    return Outcome::ok;
  }
  if (chunk.interleaved) return add_interleaved(chunk);
  size_t before = fragments_.held();
  WholeMessage whole;
  FragmentRuns::Outcome outcome = fragments_.add(chunk, tsn, max_message_, whole);
  held_ += fragments_.held() - before;
  if (outcome == FragmentRuns::Outcome::violation) return Outcome::violation;
  if (outcome == FragmentRuns::Outcome::too_large) return Outcome::too_large;
  if (outcome == FragmentRuns::Outcome::complete) deliver(std::move(whole));
  return Outcome::ok;
}

// Late fragments of messages that the sender has given up would be kept for ever.
bool Reassembly::is_over(const sctp::DataChunk& chunk) {
  Stream& of = stream(chunk.stream);
  if (!chunk.unordered) return unwrap32(chunk.message_id, of.next) < of.next;
  uint64_t number = unwrap32(chunk.message_id, of.next_unordered);
  // It follows at a distance, for numbers wrap.
  constexpr uint64_t kDistance = uint64_t{1} << 30;
  if (number > of.next_unordered + kDistance) of.next_unordered = number - kDistance;
  return number < of.next_unordered;
}

Reassembly::Outcome Reassembly::add_interleaved(const sctp::DataChunk& chunk) {
  if (is_over(chunk)) return Outcome::ok;
  MessageKey key{chunk.stream, chunk.unordered, chunk.message_id};
  FragmentRuns& runs = messages_[key];
  size_t before = runs.held();
  WholeMessage whole;
  FragmentRuns::Outcome outcome = runs.add(chunk, chunk.fragment, max_message_, whole);
  held_ += runs.held() - before;
  if (outcome == FragmentRuns::Outcome::violation) return Outcome::violation;
  if (outcome == FragmentRuns::Outcome::too_large) return Outcome::too_large;
  if (outcome == FragmentRuns::Outcome::complete) {
    held_ -= runs.held();  // fragments that lie beyond the end belong to nothing
    messages_.erase(key);
    deliver(std::move(whole));
  }
  return Outcome::ok;
}

void Reassembly::deliver(WholeMessage&& message) {
  if (!message.key.unordered) return deliver_in_turn(std::move(message));
  ready_.push_back({message.key.stream, message.ppid, std::move(message.bytes)});
}

void Reassembly::deliver_in_turn(WholeMessage&& message) {
  Stream& of = stream(message.key.stream);
  uint64_t number = unwrap(of, message.key.message_id);
  if (number < of.next) return;  // skipped before it was complete
  if (number > of.next) {
    size_t cost = message.bytes.size() + FragmentRuns::kRunCost;
    if (of.early.try_emplace(number, std::move(message)).second) held_ += cost;
    return;
  }
  ready_.push_back({message.key.stream, message.ppid, std::move(message.bytes)});
  ++of.next;
  release(of);
}

void Reassembly::release(Stream& of) {
  for (auto at = of.early.begin(); at != of.early.end() && at->first <= of.next; at = of.early.erase(at)) {
    of.next = at->first + 1;
    held_ -= at->second.bytes.size() + FragmentRuns::kRunCost;
    ready_.push_back({at->second.key.stream, at->second.ppid, std::move(at->second.bytes)});
  }
}

void Reassembly::skip(const sctp::ForwardTsnChunk& chunk, uint64_t tsn) {
  interleaved_ = chunk.interleaved;
  if (!chunk.interleaved) {
    size_t before = fragments_.held();
    fragments_.drop_to(tsn);
    held_ -= before - fragments_.held();
  }
  for (size_t i = 0; i < chunk.stream_count(); ++i) skip_stream(chunk.stream(i));
}

void Reassembly::skip_stream(const sctp::SkippedStream& skipped) {
  if (interleaved_) {
    // Those before it were finished or given up as well.
    auto at = messages_.lower_bound({skipped.stream, skipped.unordered, 0});
    while (at != messages_.end() && at->first.stream == skipped.stream && at->first.unordered == skipped.unordered) {
      bool skip = static_cast<int32_t>(at->first.message_id - skipped.message_id) <= 0;
      if (skip) held_ -= at->second.held();
      at = skip ? messages_.erase(at) : std::next(at);
    }
  }
  Stream& of = stream(skipped.stream);
  if (skipped.unordered) {
    of.next_unordered = std::max(of.next_unordered, unwrap32(skipped.message_id, of.next_unordered) + 1);
    return;
  }
  uint64_t number = unwrap(of, skipped.message_id);
  if (number < of.next) return;
  // What is whole up to there is delivered, holes or not.
  for (auto at = of.early.begin(); at != of.early.end() && at->first <= number; at = of.early.erase(at)) {
    held_ -= at->second.bytes.size() + FragmentRuns::kRunCost;
    ready_.push_back({at->second.key.stream, at->second.ppid, std::move(at->second.bytes)});
  }
  of.next = number + 1;
  release(of);
}

void Reassembly::reset_streams(std::span<const uint16_t> streams) {
  auto forget = [this](Stream& of) {
    for (const auto& [number, message] : of.early) held_ -= message.bytes.size() + FragmentRuns::kRunCost;
    of = {widened(0), widened(0), {}};
  };
  auto forget_partial = [this](uint16_t id) {
    auto at = messages_.lower_bound({id, false, 0});  // ordered, then unordered
    for (; at != messages_.end() && at->first.stream == id; at = messages_.erase(at)) held_ -= at->second.held();
  };
  if (streams.empty()) {
    for (auto& [id, of] : streams_) {
      forget(of);
      forget_partial(id);
    }
  }
  for (uint16_t id : streams) {
    forget(stream(id));
    forget_partial(id);
  }
}

bool Reassembly::poll(SctpMessage& message) {
  if (ready_.empty()) return false;
  message = std::move(ready_.front());
  ready_.pop_front();
  return true;
}

}  // namespace limen::rtc
