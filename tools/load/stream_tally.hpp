// StreamTally: what became of one RTP stream on its way: loss, duplicates, reordering.
//
// Fed with the sequence numbers in order of arrival; they are readable without keys. One thread.
// RFC 3550 appendix A.1 (extending sequence numbers).
#pragma once
#include <cstdint>

namespace limen::load {

struct StreamTotals {
  uint64_t received = 0;    // every datagram, duplicates too
  uint64_t expected = 0;    // from the first to the highest sequence number
  uint64_t duplicates = 0;  // within the last 64
  uint64_t reordered = 0;   // came after a later one
  uint64_t lost() const {
    uint64_t distinct = received - duplicates;
    return expected > distinct ? expected - distinct : 0;
  }
  void add(const StreamTotals& other);
};

class StreamTally {
 public:
  void add(uint16_t sequence);
  bool empty() const { return totals_.received == 0; }
  const StreamTotals& totals() const { return totals_; }
  // Forgets counts but not the position: what comes next is counted from here.
  void restart();

 private:
  uint64_t highest_ = 0;  // extended
  uint64_t first_ = 0;
  uint64_t floor_ = 0;  // what is below does not count any more
  uint64_t seen_ = 0;   // bit n: highest_ - n came
  bool started_ = false;
  StreamTotals totals_;
};

}  // namespace limen::load
