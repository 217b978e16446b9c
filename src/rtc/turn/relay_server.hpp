// A TURN server as it is configured or told by the TURN REST API: plain values.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/net_address.hpp"

namespace limen::rtc {

enum class TurnTransport : uint8_t { udp, tcp, tls };

std::string_view turn_transport_name(TurnTransport transport);  // "udp"
std::optional<TurnTransport> parse_turn_transport(std::string_view text);

struct RelayServer {
  TurnTransport transport = TurnTransport::udp;
  SocketAddress address;
  std::string host;  // as configured: of the TLS certificate, and for people
  std::string user, password;
  bool ipv6 = false;       // an IPv6 relay address, too
  bool verify_tls = true;  // its certificate must name `host` and lead to an authority of this system
};

// "turn.example.org:3478 (tls)"
std::string describe(const RelayServer& server);

}  // namespace limen::rtc
