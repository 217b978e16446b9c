#include "rtc/sctp/fragment_runs.hpp"

#include <iterator>

namespace limen::rtc {

void FragmentRuns::append(Run& run, const sctp::DataChunk& chunk) {
  // In order, which is nearly always, the last piece simply grows.
  if (run.pieces.empty()) {
    run.pieces.emplace_back();
    held_ += kPieceCost;
  }
  std::vector<uint8_t>& piece = run.pieces.back();
  piece.insert(piece.end(), chunk.payload.begin(), chunk.payload.end());
  run.size += chunk.payload.size();
  held_ += chunk.payload.size();
}

FragmentRuns::Outcome FragmentRuns::add(const sctp::DataChunk& chunk, uint64_t number, size_t max_message,
                                        WholeMessage& whole) {
  MessageKey key{chunk.stream, chunk.unordered, chunk.message_id};
  auto next = runs_.upper_bound(number);
  if (next != runs_.begin() && std::prev(next)->second.last >= number) return Outcome::violation;
  auto at = runs_.end();
  if (next != runs_.begin() && std::prev(next)->second.last + 1 == number) {
    auto previous = std::prev(next);
    // One message ends where the next begins, and nowhere else.
    if (previous->second.end != chunk.begin) return Outcome::violation;
    if (!chunk.begin) {
      if (previous->second.key != key) return Outcome::violation;
      at = previous;
    }
  }
  if (at == runs_.end()) {
    at = runs_.emplace_hint(next, number, Run{});
    at->second.key = key;
    at->second.begin = chunk.begin;
    at->second.ppid = chunk.ppid;
    held_ += kRunCost;
  }
  Run& run = at->second;
  append(run, chunk);
  run.last = number;
  run.end = chunk.end;
  if (next != runs_.end() && next->first == number + 1) {
    Run& following = next->second;
    if (chunk.end != following.begin) return Outcome::violation;
    if (!chunk.end) {
      if (following.key != key) return Outcome::violation;
      run.pieces.splice(run.pieces.end(), following.pieces);
      run.size += following.size;
      run.last = following.last;
      run.end = following.end;
      runs_.erase(next);
      held_ -= kRunCost;
    }
  }
  if (run.size > max_message) return Outcome::too_large;
  if (!run.begin || !run.end) return Outcome::kept;
  take(at, whole);
  return Outcome::complete;
}

void FragmentRuns::take(Map::iterator at, WholeMessage& whole) {
  Run& run = at->second;
  held_ -= cost(run);
  whole.key = run.key;
  whole.ppid = run.ppid;
  whole.bytes = std::move(run.pieces.front());
  run.pieces.pop_front();
  if (!run.pieces.empty()) whole.bytes.reserve(run.size);
  for (const std::vector<uint8_t>& piece : run.pieces) {
    whole.bytes.insert(whole.bytes.end(), piece.begin(), piece.end());
  }
  runs_.erase(at);
}

void FragmentRuns::drop_to(uint64_t number) {
  auto end = runs_.upper_bound(number);
  for (auto at = runs_.begin(); at != end; ++at) held_ -= cost(at->second);
  runs_.erase(runs_.begin(), end);
}

}  // namespace limen::rtc
