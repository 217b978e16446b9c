// Transport-wide congestion control feedback: from arrivals to messages and back.
//
// draft-holmer-rmcat-transport-wide-cc-extensions-01 section 3.1.
#pragma once
#include <cstdint>
#include <optional>
#include <span>

#include "base/bytes.hpp"
#include "base/time.hpp"
#include "wire/rtcp/rtcp_packets.hpp"

namespace limen::rtcp {

inline constexpr size_t kMaxFeedbackPackets = 400;    // statuses in a message of ours
inline constexpr size_t kMaxStatusesAccepted = 8192;  // in a message of theirs; more is malformed
inline constexpr Duration kFeedbackTick = std::chrono::microseconds(250);
inline constexpr Duration kReferenceTick = std::chrono::milliseconds(64);

struct PacketArrival {
  int64_t sequence = 0;  // unwrapped, so that order is plain
  Instant at;
};

// Describes as many of `arrivals` (ascending, without duplicates) as one message can hold, starting
// with the first; returns how many that were (0 only if there are none). Call again with the rest.
// Missing numbers between arrivals are reported lost. `next` is the number behind the last one reported
// before (-1: none), so that losses between messages are reported too, as far as they fit in this one.
// The caller sets both SSRCs of `out`.
size_t make_transport_feedback(std::span<const PacketArrival> arrivals, uint8_t feedback_count, int64_t next,
                               TransportFeedback& out);

// The body behind the two SSRCs, for rtcp_parser and rtcp_writer.
std::optional<TransportFeedback> parse_transport_feedback_body(Bytes body);
void write_transport_feedback_body(const TransportFeedback& feedback, ByteWriter& out);

// Calls fn(uint16_t sequence, bool received, Duration since_reference_epoch) for each status.
template <typename Fn>
void for_each_status(const TransportFeedback& feedback, Fn&& fn) {
  Duration at = feedback.reference_time * kReferenceTick;
  uint16_t sequence = feedback.base_sequence;
  for (const auto& status : feedback.packets) {
    if (status.received) at += status.delta * kFeedbackTick;
    fn(sequence++, status.received, at);
  }
}

}  // namespace limen::rtcp
