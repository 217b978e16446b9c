#include "transports/websockets/websockets_config.hpp"

#include "transports/net/common_config.hpp"

namespace limen::websockets {

Result<WebSocketsConfig> read_websockets_config(const std::string& folder, config::Findings& findings) {
  WebSocketsConfig config;
  auto file = config::read_module(folder, "janus.transport.websockets");
  if (!file) return std::unexpected(file.error());
  if (!*file) return config;
  const config::Node& root = **file;
  config::read_group(root, "general", config.general, findings);
  config::read_group(root, "admin", config.admin, findings);
  config::read_group(root, "cors", config.cors, findings);
  config::read_group(root, "certificates", config.certificates, findings);
  if ((config.general.pingpong_trigger > 0) != (config.general.pingpong_timeout > 0)) {
    findings.warnings.emplace_back(
        "pingpong_trigger and pingpong_timeout work together: one of them is not set, no pings");
  }
  return config;
}

}  // namespace limen::websockets
