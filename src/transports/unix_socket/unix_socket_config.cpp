#include "transports/unix_socket/unix_socket_config.hpp"

namespace limen::unix_socket {

Result<UnixSocketConfig> read_unix_socket_config(const std::string& folder, config::Findings& findings) {
  UnixSocketConfig config;
  auto file = config::read_module(folder, kPackage);
  if (!file) return std::unexpected(file.error());
  if (!*file) return config;
  config::read_group(**file, "general", config.general, findings);
  config::read_group(**file, "admin", config.admin, findings);
  return config;
}

}  // namespace limen::unix_socket
