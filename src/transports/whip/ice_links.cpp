#include "transports/whip/ice_links.hpp"

#include "crypto/base64.hpp"
#include "crypto/hmac.hpp"

namespace limen::whip {
namespace {

std::string quoted(const std::string& text) {
  std::string out = "\"";
  for (char c : text) {
    if (c < ' ' || c == 0x7f) continue;  // no header can carry them
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + "\"";
}

}  // namespace

std::vector<std::string> ice_links(const IceConfig& config, const std::string& name, WallTime now) {
  std::string user = config.username;
  std::string password = config.credential;
  if (!config.turn_secret.empty()) {
    user = fmt::format("{}:{}", now.us / 1'000'000 + config.turn_lifetime, name);
    password = crypto::base64_encode(crypto::hmac_sha1(as_bytes(config.turn_secret), as_bytes(user)));
  }
  std::vector<std::string> out;
  for (const std::string& server : config.servers) {
    std::string link = fmt::format("<{}>; rel=\"ice-server\"", server);
    if (server.starts_with("turn") && !user.empty()) {
      link += fmt::format("; username={}; credential={}; credential-type=\"password\"", quoted(user), quoted(password));
    }
    out.push_back(std::move(link));
  }
  return out;
}

}  // namespace limen::whip
