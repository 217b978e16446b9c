#include "handlers/sample/sample_config.hpp"

#include <algorithm>
#include "base/url_text.hpp"

namespace limen::sample_handler {
namespace {

constexpr uint32_t kLongestBackoff = 60'000;

}  // namespace

PostSettings SampleConfig::post_settings() const {
  return {.backend = backend,
          .user = backend_user,
          .password = backend_pwd,
          .grouping = common.grouping,
          .format = common.format(),
          .compress = compress,
          .compression = compression,
          .max_retransmissions = max_retransmissions,
          .backoff = std::chrono::milliseconds(retransmissions_backoff),
          .verify_peer = verify_peer};
}

Result<SampleConfig> read_sample_config(const std::string& folder, config::Findings& findings) {
  SampleConfig config;
  auto read = config::read_general(folder, kPackage, config, findings);
  if (!read) return std::unexpected(read.error());
  if (!config.common.enabled) return config;
  if (config.backend.empty())
    return fail("there is no `backend` to post events to (group general of {}.jcfg)", kPackage);
  if (!config.backend.starts_with("http"))
    return fail("`backend` must start with http: '{}'", without_credentials(config.backend));
  if (config.backend_user.empty() != config.backend_pwd.empty()) {
    findings.warnings.push_back(
        fmt::format("{}: backend_user and backend_pwd work together: one is not set, no authentication", kPackage));
  }
  return config;
}

std::expected<PostSettings, handlers::QueryError> apply_tweak(PostSettings settings, const Tweak& tweak) {
  if (tweak.backend && !tweak.backend->starts_with("http")) {
    return std::unexpected(handlers::QueryError{413, fmt::format("Invalid HTTP URI '{}'", *tweak.backend)});
  }
  if (tweak.backend) settings.backend = *tweak.backend;
  if (tweak.backend_user) settings.user = *tweak.backend_user;
  if (tweak.backend_pwd) settings.password = *tweak.backend_pwd;
  if (tweak.grouping) settings.grouping = *tweak.grouping;
  if (tweak.compress) settings.compress = *tweak.compress;
  if (tweak.compression && *tweak.compression <= 9) settings.compression = static_cast<int>(*tweak.compression);
  if (tweak.max_retransmissions) settings.max_retransmissions = *tweak.max_retransmissions;
  if (tweak.retransmissions_backoff) {
    settings.backoff = std::chrono::milliseconds(std::clamp(*tweak.retransmissions_backoff, 1u, kLongestBackoff));
  }
  return settings;
}

}  // namespace limen::sample_handler
