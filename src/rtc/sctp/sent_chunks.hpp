// SentChunks: chunks that have a number and are not yet acknowledged up to the last hole.
//
// It reads SACKs: what arrived, what is lost (RFC 9260 sections 6.2.1, 6.3.3, 7.2.4), and gives up on
// messages whose limits are reached (RFC 3758 section 3.5). A shard's thread only.
#pragma once
#include <cstdint>
#include <deque>
#include <optional>
#include <set>
#include <vector>

#include "base/time.hpp"
#include "rtc/sctp/send_queue.hpp"
#include "wire/sctp/chunks.hpp"

namespace limen::rtc {

class SentChunks {
 public:
  SentChunks(SendQueue& queue, uint32_t initial_tsn);
  void set_interleaving(bool on) { interleaving_ = on; }

  uint64_t cumulative() const { return first_ - 1; }  // acknowledged up to here
  uint64_t last_sent() const { return first_ + chunks_.size() - 1; }
  bool empty() const { return chunks_.empty(); }
  size_t count() const { return chunks_.size(); }
  size_t flight() const { return flight_; }  // bytes on their way, with chunk headers
  size_t flight_payload() const { return flight_payload_; }
  size_t bytes() const { return bytes_; }  // of messages, not acknowledged
  uint64_t abandoned() const { return abandoned_; }
  uint64_t retransmissions() const { return retransmissions_; }

  struct Outcome {
    bool valid = false;  // false: it acknowledges what was never sent
    bool advanced = false;
    bool loss = false;
    size_t acked = 0;  // bytes, newly
    std::optional<Duration> round_trip;
  };
  Outcome handle(const sctp::SackChunk& sack, bool in_recovery, Instant now);
  // SHUTDOWN acknowledges cumulatively only.
  Outcome handle_cumulative(uint32_t tsn, Instant now);
  // The timer ran out: everything on its way counts as lost.
  void on_timeout(Instant now);
  void abandon(const OutgoingMessage& message);

  // What to send: again, or for the first time. The chunk's payload is valid until the next call.
  bool has_lost(Instant now);
  size_t lost_size() const;  // payload of the first lost one
  sctp::DataChunk resend(Instant now);
  sctp::DataChunk send(Fragment fragment, Instant now);

  // What the peer must be told not to wait for.
  struct Skip {
    uint32_t tsn = 0;
    std::vector<sctp::SkippedStream> streams;
  };
  std::optional<Skip> skip(size_t max_streams) const;

 private:
  enum class State : uint8_t { in_flight, lost, acked, abandoned };
  struct Chunk {
    Fragment fragment;
    Instant sent_at;
    uint64_t newest_before = 0;  // reports about newer chunks than this say that it is lost
    uint32_t transmissions = 0;
    uint8_t missing = 0;
    State state = State::in_flight;
  };
  size_t wire_size(const Chunk& chunk) const;
  void leave_flight(Chunk& chunk);
  void enter_flight(Chunk& chunk);
  void acknowledge(Chunk& chunk, uint64_t tsn, Outcome& outcome, Instant now);
  void advance(uint64_t cumulative, Outcome& outcome, Instant now);
  bool apply_gaps(const sctp::SackChunk& sack, Outcome& outcome, Instant now);
  void count_missing(uint64_t below, Outcome& outcome, Instant now);
  void lose(Chunk& chunk, uint64_t tsn, Instant now);
  bool given_up(const Chunk& chunk, Instant now) const;
  sctp::DataChunk describe(const Chunk& chunk, uint64_t tsn) const;

  SendQueue& queue_;
  bool interleaving_ = false;
  std::deque<Chunk> chunks_;
  uint64_t first_;  // number of chunks_.front()
  std::set<uint64_t> lost_;
  uint64_t highest_acked_ = 0;  // by gap blocks
  uint64_t newest_acked_ = 0;   // by the SACK being read
  uint64_t timed_ = 0;          // the chunk whose round trip is being measured
  size_t flight_ = 0, flight_payload_ = 0, bytes_ = 0;
  uint64_t abandoned_ = 0, retransmissions_ = 0;
};

}  // namespace limen::rtc
