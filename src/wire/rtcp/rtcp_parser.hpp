// From a decrypted RTCP datagram to a list of messages.
//
// Compound and reduced-size packets (RFC 3550 section 6.1, RFC 5506). A packet inside that is malformed
// is skipped and counted; a length that runs past the end drops the rest and is counted too.
#pragma once
#include <cstdint>
#include <vector>

#include "base/bytes.hpp"
#include "wire/rtcp/rtcp_packets.hpp"

namespace limen::rtcp {

inline constexpr size_t kMaxMessages = 128;  // more in one datagram are ignored and counted

struct Compound {
  std::vector<Message> messages;
  uint32_t malformed = 0;  // packets dropped
};

Compound parse_rtcp(Bytes datagram);

// The SSRC of the first packet's sender, before decryption; 0 if too short.
uint32_t peek_sender_ssrc(Bytes datagram);

}  // namespace limen::rtcp
