// janus.eventhandler.sampleevh.jcfg and the `tweak` request as values (spec 5.4, 8.4).
#pragma once
#include <optional>
#include <string>

#include "base/result.hpp"
#include "handlers/sample/http_poster.hpp"
#include "handlers/shared/handler_settings.hpp"

namespace limen::sample_handler {

inline constexpr std::string_view kPackage = "janus.eventhandler.sampleevh";

struct SampleConfig {
  handlers::CommonConfig common;
  std::string backend, backend_user, backend_pwd;
  bool compress = false;
  int compression = 6;
  uint32_t max_retransmissions = 5;
  uint32_t retransmissions_backoff = 100;
  bool verify_peer = true;

  PostSettings post_settings() const;
};

struct Tweak {
  std::optional<std::string> events;
  std::optional<bool> grouping, compress;
  std::optional<uint32_t> compression;
  std::optional<std::string> backend, backend_user, backend_pwd;
  std::optional<uint32_t> max_retransmissions, retransmissions_backoff;
};

// Reads <folder>/janus.eventhandler.sampleevh.jcfg; an error: it is enabled and cannot work.
Result<SampleConfig> read_sample_config(const std::string& folder, config::Findings& findings);
// What the tweak makes of `settings`; an error leaves everything as it is.
std::expected<PostSettings, handlers::QueryError> apply_tweak(PostSettings settings, const Tweak& tweak);

template <typename V>
void describe(V& v, SampleConfig& c) {
  handlers::describe_common(v, c.common);
  handlers::describe_grouping(v, c.common);
  v.field("backend", c.backend, "URL that events are posted to");
  v.field("backend_user", c.backend_user, "User of Basic authentication");
  v.field("backend_pwd", c.backend_pwd, "Password of Basic authentication");
  v.field("compress", c.compress, "Compress with gzip");
  v.field("compression", c.compression, "Level of compression").range(0, 9);
  v.field("max_retransmissions", c.max_retransmissions, "Further attempts when the collector cannot be reached");
  v.field("retransmissions_backoff", c.retransmissions_backoff,
          "Milliseconds before the first further attempt; doubles with each")
      .range(1, 60'000);
  v.field("verify_peer", c.verify_peer, "HTTPS: refuse collectors whose certificate cannot be trusted");
}

template <typename V>
void describe(V& v, Tweak& t) {
  v.field("events", t.events, "Which events");
  v.field("grouping", t.grouping, "Send arrays");
  v.field("compress", t.compress, "Compress with gzip");
  v.field("compression", t.compression, "Level of compression");
  v.field("backend", t.backend, "URL that events are posted to");
  v.field("backend_user", t.backend_user, "User of Basic authentication");
  v.field("backend_pwd", t.backend_pwd, "Password of Basic authentication");
  v.field("max_retransmissions", t.max_retransmissions, "Further attempts");
  v.field("retransmissions_backoff", t.retransmissions_backoff, "Milliseconds before the first of them");
}

}  // namespace limen::sample_handler
