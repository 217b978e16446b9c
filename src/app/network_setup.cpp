#include "app/network_setup.hpp"

#include <algorithm>

#include "base/log.hpp"
#include "core/name_lookup.hpp"
#include "runtime/interfaces.hpp"

namespace limen::app {
namespace {

std::vector<rtc::InterfaceAddress> interface_addresses(const std::vector<runtime::Interface>& interfaces) {
  std::vector<rtc::InterfaceAddress> out;
  for (const runtime::Interface& i : interfaces) out.push_back({i.name, i.address, i.up, i.loopback});
  return out;
}

IpAddress choose_local_ip(const std::string& wanted, const std::vector<runtime::Interface>& interfaces,
                          std::vector<std::string>& warnings) {
  if (wanted.empty()) return runtime::detect_local_ip();
  for (const runtime::Interface& i : interfaces) {
    if (i.name == wanted || i.address == IpAddress::parse(wanted)) return i.address;
  }
  IpAddress found = runtime::detect_local_ip();
  warnings.push_back(
      fmt::format("There is no interface or address '{}' here (option -i, key interface); advertising {}", wanted,
                  found.to_string()));
  return found;
}

void add_public(std::vector<IpAddress>& list, const IpAddress& ip) {
  if (std::find(list.begin(), list.end(), ip) == list.end()) list.push_back(ip);
}

void read_mapping(const core::NatSettings& nat, NetworkSetup& setup) {
  for (const std::string& text : core::split_list(nat.nat_1_1_mapping)) {
    std::optional<IpAddress> ip = IpAddress::parse(text);
    if (!ip) {
      setup.warnings.push_back(fmt::format("nat_1_1_mapping: '{}' is not an IP address and is skipped", text));
      continue;
    }
    setup.mapping.public_ips.push_back(*ip);
    add_public(setup.public_ips, *ip);
  }
  setup.mapping.keep_private_host = nat.keep_private_host;
}

Result<> ask_stun(const core::GatewaySettings& settings, NetworkSetup& setup) {
  const core::NatSettings& nat = settings.nat;
  if (nat.stun_server.empty()) return {};
  log::info("", "Asking the STUN server {}:{} for the public address ...", nat.stun_server, nat.stun_port);
  core::StunTest test;
  test.server = nat.stun_server;
  test.port = static_cast<uint16_t>(nat.stun_port);
  test.ipv6 = settings.media.ipv6;
  test.run();
  if (!test.mapped) {
    Error error{fmt::format("The STUN server {}:{} does not help: {}{}{}", nat.stun_server, nat.stun_port,
                            core::stun_failure_text(test.failure), test.reason.empty() ? "" : ": ", test.reason)};
    if (!nat.ignore_unreachable_ice_server) return std::unexpected(error);
    setup.warnings.push_back(error.text);
    return {};
  }
  log::info("", "The public address is {}, says {}", test.mapped->ip.to_string(), test.server_address->to_string());
  setup.stun_server = test.server_address;
  add_public(setup.public_ips, test.mapped->ip);
  bool mapped_already = std::ranges::any_of(setup.mapping.public_ips,
                                            [&](const IpAddress& ip) { return ip.is_v4() == test.mapped->ip.is_v4(); });
  if (nat.nat_1_1_by_stun && !mapped_already) setup.mapping.public_ips.push_back(test.mapped->ip);
  return {};
}

Result<> find_turn(const core::GatewaySettings& settings, NetworkSetup& setup) {
  auto server = find_relay_server(settings);
  if (server) setup.relay_server = *server;
  else if (settings.nat.ignore_unreachable_ice_server) setup.warnings.push_back(server.error().text);
  else return std::unexpected(server.error());
  return {};
}

void warn_of_nat(const core::GatewaySettings& settings, NetworkSetup& setup) {
  const IpAddress& shown = setup.public_ips.empty() ? setup.local_ip : setup.public_ips.front();
  bool helped =
      setup.stun_server.has_value() || !settings.nat.turn_server.empty() || !settings.nat.turn_rest_api.empty();
  if (shown.is_v4() && shown.is_private() && !helped) {
    setup.warnings.push_back(
        fmt::format("{} is a private address: browsers outside this network cannot reach it. On a cloud machine set "
                    "nat_1_1_mapping (or -1) to the public address, or stun_server (-S)",
                    shown.to_string()));
  }
}

}  // namespace

Result<std::optional<rtc::RelayServer>> find_relay_server(const core::GatewaySettings& settings) {
  const core::NatSettings& nat = settings.nat;
  if (nat.turn_server.empty()) return std::nullopt;
  auto transport = rtc::parse_turn_transport(nat.turn_type);
  if (!transport) return fail("nat: turn_type is '{}', but may be udp, tcp or tls", nat.turn_type);
  core::NameLookup lookup{.name = nat.turn_server, .ipv6 = settings.media.ipv6, .address = std::nullopt};
  lookup.run();
  if (!lookup.address) return fail("The name of the TURN server {} cannot be resolved", nat.turn_server);
  rtc::RelayServer server;
  server.transport = *transport;
  server.address = {*lookup.address, static_cast<uint16_t>(nat.turn_port)};
  server.host = nat.turn_server;
  server.user = nat.turn_user;
  server.password = nat.turn_pwd;
  server.ipv6 = settings.media.ipv6;
  server.verify_tls = nat.turn_tls_verify;
  return server;
}

Result<NetworkSetup> list_local_network(const core::GatewaySettings& settings) {
  auto interfaces = runtime::list_interfaces();
  if (!interfaces) return std::unexpected(interfaces.error());
  NetworkSetup setup;
  setup.local_ip = choose_local_ip(settings.general.interface, *interfaces, setup.warnings);
  rtc::LocalAddressPolicy policy{core::split_list(settings.nat.ice_enforce_list),
                                 core::split_list(settings.nat.ice_ignore_list), settings.media.ipv6,
                                 settings.media.ipv6_linklocal};
  std::vector<IpAddress> addresses = rtc::local_addresses(interface_addresses(*interfaces), policy);
  if (addresses.empty()) {
    setup.warnings.push_back("No network but loopback: only browsers on this machine can connect");
    addresses.push_back(IpAddress::v4(0x7f000001));
  }
  for (const IpAddress& address : addresses) {
    runtime::BindAddress bind{address, 0};
    for (const runtime::Interface& i : *interfaces) {
      if (i.address == address && address.is_link_local()) bind.scope = i.index;
    }
    setup.bind.push_back(bind);
  }
  read_mapping(settings.nat, setup);
  return setup;
}

Result<NetworkSetup> set_up_network(const core::GatewaySettings& settings) {
  Result<NetworkSetup> setup = list_local_network(settings);
  if (!setup) return setup;
  if (Result<> asked = ask_stun(settings, *setup); !asked) return std::unexpected(asked.error());
  if (Result<> found = find_turn(settings, *setup); !found) return std::unexpected(found.error());
  warn_of_nat(settings, *setup);
  return setup;
}

}  // namespace limen::app
