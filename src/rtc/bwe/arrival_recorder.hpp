// ArrivalRecorder: when each packet with a transport-wide sequence number arrived, until it is reported.
//
// For the sender's bandwidth estimate; what it decides is its own business. Bounded. A shard's thread
// only. draft-holmer-rmcat-transport-wide-cc-extensions-01.
#pragma once
#include <cstdint>
#include <vector>

#include "base/time.hpp"
#include "rtc/streams/sequence_extender.hpp"
#include "wire/rtcp/transport_feedback.hpp"

namespace limen::rtc {

class ArrivalRecorder {
 public:
  // Between two reports; more than any link of ours carries in a feedback period.
  static constexpr size_t kMaxArrivals = 4000;

  void on_packet(uint16_t sequence, Instant at);
  bool empty() const { return arrivals_.empty(); }
  // The next message for what was recorded; false if there is nothing left. SSRCs are the caller's.
  bool take(rtcp::TransportFeedback& out);

 private:
  std::vector<rtcp::PacketArrival> arrivals_;  // ascending
  size_t taken_ = 0;
  SequenceExtender sequences_;
  int64_t next_ = -1;  // after the last one reported
  uint8_t count_ = 0;
};

}  // namespace limen::rtc
