#include "transports/whip/whip_config.hpp"

#include "config/config_node.hpp"

namespace limen::whip {
namespace {

Result<std::string> normal_path(std::string path, std::string_view key) {
  if (path.size() > 1 && path.back() == '/') path.pop_back();
  bool plain = path.find_first_of("?#%\"<> ") == std::string::npos;
  if (path.size() < 2 || path.front() != '/' || !plain) return fail("limen.whip: `{}` cannot be '{}'", key, path);
  return path;
}

// They are written into headers.
bool usable_server(std::string_view url) {
  bool known =
      url.starts_with("stun:") || url.starts_with("stuns:") || url.starts_with("turn:") || url.starts_with("turns:");
  for (char c : url) known = known && c > ' ' && c < 0x7f && c != '<' && c != '>' && c != '"';
  return known;
}

}  // namespace

Result<WhipConfig> read_whip_config(const std::string& folder, config::Findings& findings) {
  WhipConfig config;
  auto file = config::read_module(folder, "limen.whip");
  if (!file) return std::unexpected(file.error());
  if (*file) {
    config::read_group(**file, "general", config.general, findings);
    config::read_group(**file, "ice", config.ice, findings);
  }
  for (auto [path, key] :
       {std::pair(&config.general.whip_path, "whip_path"), {&config.general.whep_path, "whep_path"}}) {
    auto normal = normal_path(*path, key);
    if (!normal) return std::unexpected(normal.error());
    *path = std::move(*normal);
  }
  if (config.general.whip_path == config.general.whep_path) return fail("limen.whip: both paths are the same");
  std::erase_if(config.ice.servers, [&](const std::string& url) {
    if (usable_server(url)) return false;
    findings.warnings.push_back(fmt::format("limen.whip: '{}' is no ICE server", url));
    return true;
  });
  return config;
}

}  // namespace limen::whip
