// limen.whip.jcfg as values.
//
// Plain values, any thread.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "config/describe.hpp"

namespace limen::whip {

struct GeneralConfig {
  bool enabled = true;
  std::string whip_path = "/whip";
  std::string whep_path = "/whep";
  // What a bearer token is: "api" (API secret, stored or signed token, and the token of a room's list), or "pin" (the
  // PIN of the room or mountpoint, for publishing into a mountpoint its secret).
  std::string bearer = "api";
  std::string api_secret, token;  // of this module towards the API where bearers are PINs
  uint32_t max_resources = 1000;
  uint32_t max_per_address = 100;
  uint32_t setup_timeout = 30;     // seconds until media have to be up
  uint32_t recovery_timeout = 30;  // seconds for an ICE restart after a path was lost
  uint32_t retry_after = 5;        // seconds
};

struct IceConfig {
  std::vector<std::string> servers;  // "stun:host:port", "turn:host:port?transport=udp"
  std::string username, credential;  // of the turn: and turns: ones
  std::string turn_secret;           // instead: credentials that expire, by a secret shared with the TURN server
  uint32_t turn_lifetime = 86400;    // seconds
};

struct WhipConfig {
  GeneralConfig general;
  IceConfig ice;
};

// Reads <folder>/limen.whip.jcfg; without one the defaults count. An error keeps the paths from being served.
Result<WhipConfig> read_whip_config(const std::string& folder, config::Findings& findings);

template <typename V>
void describe(V& v, GeneralConfig& c) {
  v.field("enabled", c.enabled, "Serve WHIP and WHEP on the HTTP transport's ports");
  v.field("whip_path", c.whip_path, "Path of WHIP endpoints");
  v.field("whep_path", c.whep_path, "Path of WHEP endpoints");
  v.field("bearer", c.bearer, "What a bearer token is").one_of({"api", "pin"});
  v.field("api_secret", c.api_secret, "API secret of this module, where bearer tokens are PINs");
  v.field("token", c.token, "API token of this module, where bearer tokens are PINs");
  v.field("max_resources", c.max_resources, "Sessions at one time").range(1, 1'000'000);
  v.field("max_per_address", c.max_per_address, "Of them, of one address").range(1, 1'000'000);
  v.field("setup_timeout", c.setup_timeout, "Seconds until media have to be up").range(1, 3600);
  v.field("recovery_timeout", c.recovery_timeout, "Seconds for an ICE restart after a lost path").range(1, 3600);
  v.field("retry_after", c.retry_after, "Seconds that a refused client is told to wait").range(1, 3600);
}

template <typename V>
void describe(V& v, IceConfig& c) {
  v.field("servers", c.servers, "STUN and TURN servers that clients are told of");
  v.field("username", c.username, "User of the TURN servers");
  v.field("credential", c.credential, "Password of the TURN servers");
  v.field("turn_secret", c.turn_secret, "Secret shared with the TURN servers, for credentials that expire");
  v.field("turn_lifetime", c.turn_lifetime, "Seconds until they do").range(60, 30 * 86400);
}

}  // namespace limen::whip
