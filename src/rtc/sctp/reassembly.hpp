// Reassembly: chunks in, whole messages out, in order where the sender wants that.
//
// RFC 9260 sections 6.5, 6.6, 6.9; RFC 8260 section 2; RFC 3758 section 3.6. It keeps what is not
// complete or not in turn, and says how much that is; the limit is its owner's business, except for
// the size of one message. A value; a shard's thread only.
#pragma once
#include <cstdint>
#include <deque>
#include <map>
#include <span>

#include "rtc/sctp/fragment_runs.hpp"
#include "rtc/sctp/sctp_config.hpp"
#include "wire/sctp/chunks.hpp"

namespace limen::rtc {

class Reassembly {
 public:
  explicit Reassembly(size_t max_message) : max_message_(max_message) {}

  enum class Outcome : uint8_t { ok, violation, too_large };
  // A chunk that did not come before; `tsn` without wrap.
  Outcome add(const sctp::DataChunk& chunk, uint64_t tsn);
  // The sender has given up on what it names; `tsn` is the new cumulative one.
  void skip(const sctp::ForwardTsnChunk& chunk, uint64_t tsn);
  // Message numbers of these streams start again; none given: of all.
  void reset_streams(std::span<const uint16_t> streams);

  bool poll(SctpMessage& message);
  // Bytes kept for messages that cannot be delivered yet.
  size_t held() const { return held_; }

 private:
  struct Stream {
    uint64_t next;            // number of the message whose turn it is
    uint64_t next_unordered;  // I-DATA: below it all were given up
    std::map<uint64_t, WholeMessage> early;
  };
  Stream& stream(uint16_t id);
  void deliver(WholeMessage&& message);
  void deliver_in_turn(WholeMessage&& message);
  void release(Stream& stream);
  uint64_t unwrap(const Stream& stream, uint32_t message_id) const;
  bool is_over(const sctp::DataChunk& chunk);
  Outcome add_interleaved(const sctp::DataChunk& chunk);
  void skip_stream(const sctp::SkippedStream& skipped);

  size_t max_message_;
  bool interleaved_ = false;
  FragmentRuns fragments_;                       // DATA
  std::map<MessageKey, FragmentRuns> messages_;  // I-DATA
  std::map<uint16_t, Stream> streams_;
  std::deque<SctpMessage> ready_;
  size_t held_ = 0;
};

}  // namespace limen::rtc
