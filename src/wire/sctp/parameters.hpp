// The type-length-value parameters inside chunks (RFC 9260 section 3.2.1). Any thread.
#pragma once
#include <cstdint>
#include <optional>

#include "base/bytes.hpp"

namespace limen::sctp {

enum class ParameterType : uint16_t {
  heartbeat_info = 1,
  ipv4_address = 5,
  ipv6_address = 6,
  state_cookie = 7,
  unrecognized = 8,
  cookie_preservative = 9,
  supported_addresses = 12,
  ecn_capable = 0x8000,
  zero_checksum = 0x8001,
  supported_extensions = 0x8008,
  forward_tsn_supported = 0xc000,
};

struct Parameter {
  uint16_t type = 0;
  Bytes value;
  Bytes whole;  // with its header
};

class ParameterReader {
 public:
  explicit ParameterReader(Bytes bytes) : rest_(bytes) {}
  // Nothing at the end, or where a length makes no sense (then malformed()).
  std::optional<Parameter> next();
  bool malformed() const { return malformed_; }

 private:
  Bytes rest_;
  bool malformed_ = false;
};

}  // namespace limen::sctp
