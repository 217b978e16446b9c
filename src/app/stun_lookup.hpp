// The start-up test of the configured STUN server (spec 7.3): what address does the world see?
#pragma once
#include <string>

#include "base/net_address.hpp"
#include "base/result.hpp"

namespace limen::app {

struct StunLookup {
  SocketAddress server;  // as resolved
  SocketAddress mapped;  // as the server saw us
};

// Blocks up to five seconds; before the threads start. Errors say whether the name, the network or the
// server is at fault.
Result<StunLookup> look_up_public_address(const std::string& host, uint16_t port, bool ipv6);

}  // namespace limen::app
