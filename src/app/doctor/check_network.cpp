// Addresses that peers are told, and servers that tell about addresses.
#include "app/doctor/checks.hpp"
#include "app/network_setup.hpp"
#include "core/name_lookup.hpp"

namespace limen::app {
namespace {

std::string filtering_text(const core::StunTest& test) {
  if (!test.filtering) return "";
  switch (*test.filtering) {
    case core::NatFiltering::endpoint_independent:
      return "; everybody's packets come in";
    case core::NatFiltering::address_dependent:
      return "; packets come in from addresses that were written to";
    case core::NatFiltering::address_and_port_dependent:
      return "; packets come in only from addresses and ports that were written to";
  }
  return "";
}

}  // namespace

void tell_nat(const core::StunTest& test, FindingList& findings) {
  const IpAddress& mapped = test.mapped->ip;
  if (test.local && test.local->ip == mapped) {
    return findings.fine("NAT", "none: the STUN server sees this machine's own address" + filtering_text(test));
  }
  std::string seen = fmt::format("this machine is seen as {}", mapped.to_string());
  if (!test.mapped_elsewhere) {
    std::string port = test.local && test.local->port == test.mapped->port ? "kept" : "changed";
    return findings.fine("NAT", fmt::format("{}, the port is {}; the STUN server has no second address (RFC 5780) to "
                                            "tell more",
                                            seen, port));
  }
  if (*test.mapped_elsewhere == *test.mapped) {
    return findings.fine(
        "NAT", fmt::format("{}, the same towards everybody: clients can reach it{}", seen, filtering_text(test)));
  }
  findings.warning("NAT",
                   fmt::format("{}, differently towards each destination (symmetric){}", seen, filtering_text(test)),
                   "clients behind such a NAT too cannot connect: forward the media ports to this machine and set "
                   "nat_1_1_mapping, or use a TURN server");
}

namespace {

bool covered(const NetworkSetup& network, const IpAddress& ip) {
  for (const IpAddress& known : network.mapping.public_ips) {
    if (known == ip) return true;
  }
  for (const runtime::BindAddress& bind : network.bind) {
    if (bind.ip == ip) return true;
  }
  return false;
}

}  // namespace

void check_addresses(const LoadedSettings& loaded, FindingList& findings) {
  auto network = list_local_network(loaded.settings);
  if (!network) return findings.problem("addresses", network.error().text, {});
  for (const std::string& text : network->warnings)
    findings.warning("addresses", text, "see nat and interface in janus.jcfg");
  bool reachable = false;
  std::string shown;
  for (const runtime::BindAddress& bind : network->bind) {
    for (const IpAddress& ip : rtc::advertised_addresses(bind.ip, network->mapping)) {
      shown += (shown.empty() ? "" : ", ") + ip.to_string();
      reachable |= !ip.is_private() && !ip.is_loopback() && !ip.is_link_local();
    }
  }
  const core::NatSettings& nat = loaded.settings.nat;
  bool helped = !nat.stun_server.empty() || !nat.turn_server.empty() || !nat.turn_rest_api.empty();
  if (reachable || helped) return findings.fine("addresses", fmt::format("clients are told {}", shown));
  findings.warning("addresses", fmt::format("clients are told {}: nobody outside this network can reach that", shown),
                   "on a cloud machine or in a container set nat_1_1_mapping (-1) to the public address, or use "
                   "stun_server (-S)");
}

void check_stun(const LoadedSettings& loaded, FindingList& findings) {
  const core::NatSettings& nat = loaded.settings.nat;
  if (nat.stun_server.empty()) return;
  core::StunTest test;
  test.server = nat.stun_server;
  test.port = static_cast<uint16_t>(nat.stun_port);
  test.ipv6 = loaded.settings.media.ipv6;
  test.ask_elsewhere = true;
  test.run();
  std::string name = fmt::format("{}:{}", nat.stun_server, nat.stun_port);
  if (!test.mapped) {
    std::string text = fmt::format("{} does not help: {}{}{}", name, core::stun_failure_text(test.failure),
                                   test.reason.empty() ? "" : ": ", test.reason);
    std::string advice = "check stun_server and stun_port, and that UDP to it may leave this network";
    if (nat.ignore_unreachable_ice_server) return findings.warning("STUN server", text, advice);
    return findings.problem("STUN server", text, advice + "; the server does not start like this");
  }
  findings.fine("STUN server", fmt::format("{} answered in {} ms", name, test.elapsed_us / 1000));
  tell_nat(test, findings);
  auto network = list_local_network(loaded.settings);
  if (!network || network->mapping.public_ips.empty() || covered(*network, test.mapped->ip)) return;
  findings.problem(
      "addresses",
      fmt::format("nat_1_1_mapping does not name {}, as which this machine is seen", test.mapped->ip.to_string()),
      "correct nat_1_1_mapping, or leave it out and set nat_1_1_by_stun = true");
}

}  // namespace limen::app
