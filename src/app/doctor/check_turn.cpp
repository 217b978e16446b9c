// TURN servers: can they be reached, do they accept our credentials, do they give an address that is of use?
#include "app/doctor/checks.hpp"
#include "app/network_setup.hpp"
#include "core/turn_rest.hpp"
#include "core/turn_trial.hpp"

namespace limen::app {
namespace {

constexpr const char* kArea = "TURN server";

std::string advice_for(const core::TurnTrial& test) {
  if (test.failure.find("user name or password") != std::string::npos) {
    return "check turn_user and turn_pwd, and that this user exists at the server (coturn: lt-cred-mech and user=, or "
           "turnadmin)";
  }
  if (test.failure.find("certificate") != std::string::npos) {
    return "name the server in turn_server as its certificate does, with a certificate of a known authority; or set "
           "turn_tls_verify = false";
  }
  return std::string("check turn_server, turn_port and turn_type, that the server runs, and that ") +
         (test.server.transport == rtc::TurnTransport::udp ? "UDP" : "TCP") + " to it may leave this network";
}

void tell(const core::TurnTrial& test, FindingList& findings) {
  std::string name = rtc::describe(test.server);
  if (!test.failure.empty()) {
    return findings.problem(kArea, fmt::format("{} gives no relay: {}", name, test.failure), advice_for(test));
  }
  std::string shown;
  bool useless = true;
  for (const SocketAddress& address : test.relayed) {
    shown += (shown.empty() ? "" : ", ") + address.ip.to_string();
    useless &= address.ip.is_private() || address.ip.is_loopback() || address.ip.is_link_local();
  }
  std::string text = fmt::format("{} accepts the credentials, relays at {} and sees this machine as {} ({} ms)", name,
                                 shown, test.mapped->ip.to_string(), test.elapsed_us / 1000);
  if (!useless) return findings.fine(kArea, text);
  findings.warning(kArea, text + "; that is a private address",
                   "clients outside its network cannot reach the relay: tell the server its public address (coturn: "
                   "external-ip)");
}

void try_server(const rtc::RelayServer& server, FindingList& findings) {
  core::TurnTrial test;
  test.server = server;
  test.run();
  tell(test, findings);
}

void ask_nat(const rtc::RelayServer& server, FindingList& findings) {
  core::StunTest test;
  test.server = server.address.ip.to_string();
  test.port = server.address.port;
  test.ipv6 = true;
  test.ask_elsewhere = true;
  test.run();
  if (test.mapped) tell_nat(test, findings);
}

void check_rest(const LoadedSettings& loaded, FindingList& findings) {
  const core::NatSettings& nat = loaded.settings.nat;
  core::TurnRestQuery query;
  query.url = nat.turn_rest_api;
  query.key = nat.turn_rest_api_key;
  query.user = "doctor";
  query.post = nat.turn_rest_api_method != "GET";
  query.timeout = nat.turn_rest_api_timeout;
  query.ipv6 = loaded.settings.media.ipv6;
  query.verify_tls = nat.turn_tls_verify;
  query.run();
  if (!query.failure.empty()) {
    return findings.problem("TURN REST API", fmt::format("{} does not help: {}", nat.turn_rest_api, query.failure),
                            "check turn_rest_api, turn_rest_api_key and turn_rest_api_method");
  }
  findings.fine("TURN REST API", fmt::format("{} names {} TURN servers", nat.turn_rest_api, query.servers.size()));
  for (const rtc::RelayServer& server : query.servers) try_server(server, findings);
}

}  // namespace

void check_turn(const LoadedSettings& loaded, FindingList& findings) {
  const core::NatSettings& nat = loaded.settings.nat;
  if (nat.allow_force_relay && nat.turn_server.empty() && nat.turn_rest_api.empty()) {
    findings.warning(kArea, "allow_force_relay is set, but there is no TURN server: such clients cannot connect",
                     "set turn_server or turn_rest_api, or leave allow_force_relay out");
  }
  if (!nat.turn_server.empty()) {
    auto server = find_relay_server(loaded.settings);
    if (!server) findings.problem(kArea, server.error().text, "check turn_server, and this machine's name servers");
    else try_server(**server, findings);
    // Such a server answers STUN as well.
    if (server && (*server)->transport == rtc::TurnTransport::udp && nat.stun_server.empty())
      ask_nat(**server, findings);
  }
  if (!nat.turn_rest_api.empty()) check_rest(loaded, findings);
}

}  // namespace limen::app
