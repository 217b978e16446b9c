// FragmentRuns: fragments that have come in, joined to runs as the holes between them close.
//
// Numbered by TSN for DATA (all messages together), by FSN for I-DATA (one per message). Joining costs
// the same whatever the order of arrival. A value; a shard's thread only.
#pragma once
#include <cstdint>
#include <list>
#include <map>
#include <optional>
#include <vector>

#include "wire/sctp/chunks.hpp"

namespace limen::rtc {

// What the fragments of one message have in common.
struct MessageKey {
  uint16_t stream = 0;
  bool unordered = false;
  uint32_t message_id = 0;
  friend auto operator<=>(const MessageKey&, const MessageKey&) = default;
};

struct WholeMessage {
  MessageKey key;
  uint32_t ppid = 0;
  std::vector<uint8_t> bytes;
};

class FragmentRuns {
 public:
  // What a run, and each of its pieces, costs beside its bytes.
  static constexpr size_t kRunCost = 192;
  static constexpr size_t kPieceCost = 80;

  enum class Outcome : uint8_t { kept, complete, violation, too_large };
  // A fragment nobody had before. If complete, `whole` is the message.
  Outcome add(const sctp::DataChunk& chunk, uint64_t number, size_t max_message, WholeMessage& whole);
  // Forgets the runs that begin at or before `number`.
  void drop_to(uint64_t number);
  size_t held() const { return held_; }

 private:
  struct Run {
    uint64_t last = 0;
    MessageKey key;
    uint32_t ppid = 0;
    bool begin = false, end = false;
    size_t size = 0;
    std::list<std::vector<uint8_t>> pieces;
  };
  using Map = std::map<uint64_t, Run>;

  void append(Run& run, const sctp::DataChunk& chunk);
  static size_t cost(const Run& run) { return run.size + kRunCost + run.pieces.size() * kPieceCost; }
  void take(Map::iterator at, WholeMessage& whole);

  Map runs_;  // by first number
  size_t held_ = 0;
};

}  // namespace limen::rtc
