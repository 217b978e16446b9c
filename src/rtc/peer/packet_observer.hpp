// PacketObserver: sees what a Peer receives and sends as it is without encryption, for captures.
//
// A shard's thread only. Bytes are valid during the call. A retransmission without RTX leaves as the
// encrypted bytes of the first time and is not seen.
#pragma once
#include <cstdint>

#include "base/bytes.hpp"

namespace limen::rtc {

enum class PlainKind : uint8_t { rtp, rtcp, data };

class PacketObserver {
 public:
  virtual ~PacketObserver() = default;
  virtual void on_plain(PlainKind kind, bool incoming, Bytes bytes) = 0;
};

}  // namespace limen::rtc
