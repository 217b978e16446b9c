// What this machine's network looks like to peers: addresses to use, to advertise, and what is odd.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "base/net_address.hpp"
#include "base/result.hpp"
#include "core/settings.hpp"
#include "rtc/ice/local_addresses.hpp"
#include "rtc/turn/relay_server.hpp"
#include "runtime/udp_socket.hpp"

namespace limen::app {

struct NetworkSetup {
  IpAddress local_ip;                      // of o= and c= where no public one is known
  std::vector<runtime::BindAddress> bind;  // media sockets
  rtc::NatMapping mapping;                 // 1:1 NAT
  std::vector<IpAddress> public_ips;       // mapping and STUN, first is advertised
  std::optional<SocketAddress> stun_server;
  std::optional<rtc::RelayServer> relay_server;  // of the configuration, resolved
  std::vector<std::string> warnings;             // one sentence each
};

// The part that asks nobody: interfaces, the lists of the configuration, the mapping.
Result<NetworkSetup> list_local_network(const core::GatewaySettings& settings);
// The TURN server of the configuration, if there is one; an error: its name is unknown (blocks: DNS).
Result<std::optional<rtc::RelayServer>> find_relay_server(const core::GatewaySettings& settings);
// Lists interfaces, applies the lists of the configuration, asks the STUN server (blocks up to 5 s).
Result<NetworkSetup> set_up_network(const core::GatewaySettings& settings);

}  // namespace limen::app
