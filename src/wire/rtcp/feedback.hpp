// The RTCP messages that travel between peers and plugins (the rest is the Peer's own business).
//
// RFC 4585, RFC 5104, draft-alvestrand-rmcat-remb.
#pragma once
#include <cstdint>
#include <variant>

namespace limen {

struct KeyframeRequest {  // PLI or FIR
  uint8_t mline = 0;      // m-line of the peer that asks (receiving) or is asked (sending)
  bool fir = false;
  friend bool operator==(const KeyframeRequest&, const KeyframeRequest&) = default;
};
struct BitrateEstimate {  // REMB: bits per second the receiver thinks it can take
  uint64_t bps = 0;
  friend bool operator==(const BitrateEstimate&, const BitrateEstimate&) = default;
};

using RtcpFeedback = std::variant<KeyframeRequest, BitrateEstimate>;

}  // namespace limen
