// Where messages end on a stream to a TURN server (RFC 8656 section 12.5, RFC 8489 section 6.2.2): STUN messages
// and ChannelData follow each other, told apart by their first two bits; ChannelData is padded to four bytes.
#pragma once
#include <cstddef>
#include <cstdint>

#include "base/bytes.hpp"

namespace limen::stun {

struct TurnFrame {
  enum class Status : uint8_t { complete, incomplete, broken };
  Status status = Status::incomplete;
  size_t size = 0;      // of the frame without padding
  size_t consumed = 0;  // with it: where the next frame begins
};

// Looks at the beginning of what has been received.
TurnFrame next_turn_frame(Bytes stream);

}  // namespace limen::stun
