// The Data Channel Establishment Protocol (RFC 8832): the messages that open a channel. Any thread.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.hpp"

namespace limen::sctp {

// Payload protocol identifiers, RFC 8831 section 8.
enum class Ppid : uint32_t {
  control = 50,
  text = 51,
  binary_partial = 52,  // deprecated: the rest follows in another message
  binary = 53,
  text_partial = 54,  // deprecated
  text_empty = 56,
  binary_empty = 57,
};

enum class DcepType : uint8_t { response = 1, ack = 2, open = 3 };

enum class Reliability : uint8_t { reliable = 0, limited_retransmissions = 1, limited_lifetime = 2 };

struct DcepOpen {
  Reliability reliability = Reliability::reliable;
  bool unordered = false;
  uint16_t priority = 256;
  uint32_t limit = 0;  // retransmissions, or milliseconds
  std::string_view label;
  std::string_view protocol;
};

// Nothing for an empty message or an unknown type.
std::optional<DcepType> dcep_type(Bytes message);
std::optional<DcepOpen> read_dcep_open(Bytes message);  // views of `message`
std::vector<uint8_t> write_dcep_open(const DcepOpen& open);

}  // namespace limen::sctp
