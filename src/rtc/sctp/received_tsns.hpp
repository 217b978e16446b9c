// ReceivedTsns: which chunk numbers have come in: up to where all of them, and which beyond.
//
// What SACKs are written from. Bounded: a peer that leaves too many holes has its chunks refused and
// must send them again. RFC 9260 sections 3.3.4 and 6.2. A value; a shard's thread only.
#pragma once
#include <cstdint>
#include <vector>

#include "wire/sctp/chunks.hpp"

namespace limen::rtc {

class ReceivedTsns {
 public:
  static constexpr size_t kMaxRanges = 512;
  static constexpr uint64_t kMaxAhead = 0xffff;  // what a gap block can express
  static constexpr size_t kMaxDuplicates = 16;

  explicit ReceivedTsns(uint32_t initial_tsn);

  enum class Verdict : uint8_t { fresh, duplicate, too_far };
  uint64_t unwrap(uint32_t tsn) const;
  Verdict look(uint64_t tsn) const;
  void add(uint64_t tsn);  // a fresh one
  void note_duplicate(uint32_t tsn);
  // Everything up to here counts as received.
  void skip_to(uint64_t tsn);

  uint64_t cumulative() const { return cumulative_; }
  bool has_holes() const { return !ranges_.empty(); }
  // For a SACK; the duplicates are forgotten.
  std::vector<sctp::GapBlock> gaps(size_t max) const;
  std::vector<uint32_t> take_duplicates();

 private:
  struct Range {
    uint64_t first, last;
  };
  void absorb();

  uint64_t cumulative_;
  std::vector<Range> ranges_;  // apart, in order, all beyond cumulative_ + 1
  std::vector<uint32_t> duplicates_;
};

}  // namespace limen::rtc
