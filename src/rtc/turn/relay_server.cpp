#include "rtc/turn/relay_server.hpp"

#include <fmt/core.h>

namespace limen::rtc {

std::string_view turn_transport_name(TurnTransport transport) {
  switch (transport) {
    case TurnTransport::udp:
      return "udp";
    case TurnTransport::tcp:
      return "tcp";
    case TurnTransport::tls:
      return "tls";
  }
  return "";
}

std::optional<TurnTransport> parse_turn_transport(std::string_view text) {
  for (TurnTransport transport : {TurnTransport::udp, TurnTransport::tcp, TurnTransport::tls}) {
    if (text == turn_transport_name(transport)) return transport;
  }
  return std::nullopt;
}

std::string describe(const RelayServer& server) {
  std::string where = server.host.empty() ? server.address.ip.to_string() : server.host;
  return fmt::format("{}:{} ({})", where, server.address.port, turn_transport_name(server.transport));
}

}  // namespace limen::rtc
