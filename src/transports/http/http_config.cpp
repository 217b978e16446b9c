#include "transports/http/http_config.hpp"

#include "transports/net/common_config.hpp"

namespace limen::http {

Result<std::string> normal_base_path(std::string path, std::string_view key) {
  if (path.empty() || path.front() != '/') return fail("`{}` is '{}' but has to start with '/'", key, path);
  if (path.size() > 1 && path.back() == '/') path.pop_back();
  return path;
}

Result<HttpConfig> read_http_config(const std::string& folder, config::Findings& findings) {
  HttpConfig config;
  auto file = config::read_module(folder, "janus.transport.http");
  if (!file) return std::unexpected(file.error());
  if (*file) {
    const config::Node& root = **file;
    config::read_group(root, "general", config.general, findings);
    config::read_group(root, "admin", config.admin, findings);
    config::read_group(root, "cors", config.cors, findings);
    config::read_group(root, "certificates", config.certificates, findings);
  }
  auto base = normal_base_path(config.general.base_path, "base_path");
  auto admin_base = normal_base_path(config.admin.admin_base_path, "admin_base_path");
  if (!base) return std::unexpected(base.error());
  if (!admin_base) return std::unexpected(admin_base.error());
  config.general.base_path = std::move(*base);
  config.admin.admin_base_path = std::move(*admin_base);
  return config;
}

}  // namespace limen::http
