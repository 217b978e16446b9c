// Group `jwt` of janus.jcfg.
#pragma once
#include <cstdint>
#include <string>

#include "config/describe.hpp"

namespace limen::core {

struct JwtSettings {
  std::string jwks_file, key_file, secret;  // one of them switches JWT on
  std::string issuer, audience;
  int64_t leeway = 30;           // seconds
  int64_t longest_lifetime = 0;  // seconds; 0: any
  bool end_sessions = false;

  bool enabled() const { return !jwks_file.empty() || !key_file.empty() || !secret.empty(); }
};

template <typename V>
void describe(V& v, JwtSettings& s) {
  v.field("jwks_file", s.jwks_file, "JSON Web Key Set with the keys that sign tokens; read again when it changes");
  v.field("key_file", s.key_file, "PEM file with one public key or certificate; read again when it changes");
  v.field("secret", s.secret, "Secret of tokens signed with HS256, 32 bytes or more");
  v.field("issuer", s.issuer, "What the claim iss has to be");
  v.field("audience", s.audience, "What the claim aud has to be or contain");
  v.field("leeway", s.leeway, "Seconds that clocks may differ").range(0, 3600);
  v.field("longest_lifetime", s.longest_lifetime, "Seconds that a token may be valid from now on; 0: any")
      .range(0, INT32_MAX);
  v.field("end_sessions", s.end_sessions, "End a session when its newest token has expired");
}

}  // namespace limen::core
