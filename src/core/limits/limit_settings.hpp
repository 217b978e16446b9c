// Group `limits` of janus.jcfg.
#pragma once
#include <cstdint>
#include <string>

#include "config/describe.hpp"

namespace limen::core {

// The defaults stop floods, not people: docs/adr/0014-limits-per-address.md.
struct LimitSettings {
  uint32_t connections_per_address = 5000;
  uint32_t requests_per_second = 1000;
  uint32_t request_burst = 10'000;
  uint32_t sessions_per_address = 0;
  uint32_t sessions_per_token = 0;
  std::string exempt = "127., ::1, unix";
  std::string proxies;
};

template <typename V>
void describe(V& v, LimitSettings& s) {
  v.field("connections_per_address", s.connections_per_address, "HTTP, WebSocket and Unix connections; 0: any number");
  v.field("requests_per_second", s.requests_per_second, "Requests of one address, on average; 0: any number");
  v.field("request_burst", s.request_burst, "Requests that may come at once").range(1, UINT32_MAX);
  v.field("sessions_per_address", s.sessions_per_address, "Sessions that one address may have; 0: any number");
  v.field("sessions_per_token", s.sessions_per_token,
          "Sessions that one token (or its subject) may have; 0: any number");
  v.field("exempt", s.exempt, "Prefixes of addresses without limits; 'unix': Unix sockets");
  v.field("proxies", s.proxies, "Prefixes of proxies whose X-Forwarded-For tells the client's address");
}

}  // namespace limen::core
