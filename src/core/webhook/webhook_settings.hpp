// Group `webhook` of janus.jcfg.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "config/describe.hpp"

namespace limen::core {

struct WebhookSettings {
  std::string url;            // "" = off
  std::string authorization;  // header
  std::string ca_file;
  std::vector<std::string> requests{"create", "attach"};  // and "message"
  int64_t timeout = 2000;                                 // milliseconds
  bool fail_open = false;
  int64_t cache_time = 30;  // seconds; 0: every request asks
  uint32_t queue = 1000;
  uint32_t connections = 4;

  bool enabled() const { return !url.empty(); }
};

template <typename V>
void describe(V& v, WebhookSettings& s) {
  v.field("url", s.url, "Where requests are asked for (http: or https:); absent: nowhere");
  v.field("authorization", s.authorization, "Header Authorization of the questions");
  v.field("ca_file", s.ca_file, "PEM file with the certificate of the server's authority");
  v.field("requests", s.requests, "Which requests are asked for: create, attach, message");
  v.field("timeout", s.timeout, "Milliseconds to wait for an answer").range(50, 30'000);
  v.field("fail_open", s.fail_open, "Without an answer: allow instead of refuse");
  v.field("cache_time", s.cache_time, "Seconds that an answer counts for the same question; 0: not at all")
      .range(0, 86'400);
  v.field("queue", s.queue, "Questions that may wait at one time; further ones are without an answer")
      .range(1, 100'000);
  v.field("connections", s.connections, "Questions that are asked at one time").range(1, 64);
}

}  // namespace limen::core
