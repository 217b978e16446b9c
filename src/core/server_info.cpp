#include "core/server_info.hpp"

#include "core/gateway_state.hpp"

namespace limen::core {
namespace {

constexpr std::string_view kName = "Limen WebRTC Server";
constexpr std::string_view kAuthor = "The Limen authors";

void add_addresses(const GatewayState& state, JsonObject& reply) {
  reply["local-ip"] = state.facts.local_ip.to_string();
  const auto& addresses = state.facts.public_ips;
  if (!addresses.empty()) reply["public-ip"] = addresses.front().to_string();
  if (addresses.size() > 1) {
    JsonArray all;
    for (const IpAddress& address : addresses) all.emplace_back(address.to_string());
    reply["public-ips"] = std::move(all);
  }
}

void add_network(const GatewayState& state, JsonObject& reply) {
  const NatSettings& nat = state.settings.nat;
  const MediaSettings& media = state.settings.media;
  reply["ipv6"] = media.ipv6;
  if (media.ipv6) reply["ipv6-link-local"] = media.ipv6_linklocal;
  reply["ice-lite"] = nat.ice_lite;
  reply["ice-tcp"] = nat.ice_tcp;
  reply["ice-nomination"] = nat.ice_nomination;
  reply["ice-consent-freshness"] = nat.ice_consent_freshness;
  reply["ice-keepalive-conncheck"] = nat.ice_keepalive_conncheck || nat.ice_consent_freshness;
  reply["hangup-on-failed"] = nat.hangup_on_failed;
  reply["full-trickle"] = nat.full_trickle;
  reply["mdns-enabled"] = !nat.ignore_mdns;
  reply["min-nack-queue"] = media.min_nack_queue;
  reply["nack-optimizations"] = media.nack_optimizations;
  reply["twcc-period"] = media.twcc_period;
  if (media.dscp > 0) reply["dscp"] = media.dscp;
  reply["dtls-mtu"] = media.dtls_mtu;
  if (state.facts.stun_server) reply["stun-server"] = state.facts.stun_server->to_string();
  if (state.facts.turn_server) reply["turn-server"] = state.facts.turn_server->to_string();
  if (nat.allow_force_relay) reply["allow-force-relay"] = true;
}

template <typename Module>
JsonObject describe(const Modules<Module>& modules) {
  std::map<std::string, const ModuleInfo*> infos;
  for (const auto& [package, module] : modules.all()) infos[package] = &module->info();
  return describe_modules(infos);
}

void add_modules(const GatewayState& state, JsonObject& reply) {
  std::map<std::string, const ModuleInfo*> loggers;
  for (const LogSink* sink : state.modules.loggers) loggers[sink->info().package] = &sink->info();
  reply["transports"] = describe(state.modules.transports);
  reply["events"] = describe(state.modules.handlers);
  reply["loggers"] = describe_modules(loggers);
  reply["plugins"] = describe(state.modules.plugins);
}

}  // namespace

void add_server_info(const GatewayState& state, JsonObject& reply) {
  const GeneralSettings& general = state.settings.general;
  const ServerFacts& facts = state.facts;
  reply["name"] = kName;
  reply["version"] = facts.version;
  reply["version_string"] = facts.version_string;
  reply["author"] = kAuthor;
  reply["commit-hash"] = facts.commit;
  reply["compile-time"] = facts.compile_time;
  reply["log-to-stdout"] = facts.log_to_stdout;
  reply["log-to-file"] = !facts.log_path.empty();
  if (!facts.log_path.empty()) reply["log-path"] = facts.log_path;
  reply["data_channels"] = true;
  reply["accepting-new-sessions"] = state.takes_sessions();
  reply["session-timeout"] = general.session_timeout;
  reply["reclaim-session-timeout"] = general.reclaim_session_timeout;
  reply["candidates-timeout"] = general.candidates_timeout;
  reply["server-name"] = general.server_name;
  add_addresses(state, reply);
  add_network(state, reply);
  reply["static-event-loops"] = general.event_loops;
  if (general.event_loops > 0) reply["loop-indication"] = general.allow_loop_indication;
  reply["api_secret"] = state.auth.uses_secret();
  reply["auth_token"] = state.auth.uses_tokens() || state.auth.uses_jwt();
  reply["event_handlers"] = state.events.enabled();
  reply["opaqueid_in_api"] = general.opaqueid_in_api;
  if (general.no_webrtc_encryption) reply["webrtc_encryption"] = false;
  if (!general.hide_dependencies) {
    JsonObject dependencies;
    for (const auto& [name, version] : facts.dependencies) dependencies[name] = version;
    reply["dependencies"] = std::move(dependencies);
  }
  add_modules(state, reply);
}

}  // namespace limen::core
