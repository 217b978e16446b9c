#include "core/auth.hpp"

#include <algorithm>
#include <charconv>

#include "base/constant_time.hpp"
#include "crypto/base64.hpp"
#include "crypto/hmac.hpp"

namespace limen::core {
namespace {

std::string signature(std::string_view secret, std::string_view data) {
  return crypto::base64_encode(crypto::hmac_sha1(as_bytes(secret), as_bytes(data)));
}

std::vector<std::string_view> split(std::string_view text) {
  std::vector<std::string_view> parts;
  while (true) {
    size_t comma = text.find(',');
    parts.push_back(text.substr(0, comma));
    if (comma == std::string_view::npos) return parts;
    text.remove_prefix(comma + 1);
  }
}

}  // namespace

std::string sign_token(std::string_view secret, std::string_view data) {
  return std::string(data) + ":" + signature(secret, data);
}

bool Auth::allows(std::string_view api_secret, std::string_view token, WallTime now) const {
  if (!uses_secret() && !uses_tokens()) return true;
  if (uses_secret() && constant_time_equal(api_secret, settings_.api_secret)) return true;
  if (!uses_tokens() || token.empty()) return false;
  return signed_tokens() ? signature_valid(token, "janus", now, nullptr) : tokens_.contains(token);
}

bool Auth::allows_plugin(std::string_view token, std::string_view plugin, WallTime now) const {
  if (!uses_tokens()) return true;
  if (signed_tokens()) return signature_names(token, "janus", plugin, now);
  auto found = tokens_.find(token);
  return found != tokens_.end() && std::find(found->second.begin(), found->second.end(), plugin) != found->second.end();
}

bool Auth::signature_names(std::string_view token, std::string_view realm, std::string_view descriptor,
                           WallTime now) const {
  if (!signed_tokens()) return false;
  std::vector<std::string_view> descriptors;
  if (!signature_valid(token, realm, now, &descriptors)) return false;
  return std::find(descriptors.begin(), descriptors.end(), descriptor) != descriptors.end();
}

bool Auth::signature_valid(std::string_view token, std::string_view realm, WallTime now,
                           std::vector<std::string_view>* descriptors) const {
  size_t colon = token.find(':');
  if (colon == std::string_view::npos || token.find(':', colon + 1) != std::string_view::npos) return false;
  std::string_view data = token.substr(0, colon);
  if (!constant_time_equal(token.substr(colon + 1), signature(settings_.token_auth_secret, data))) return false;

  std::vector<std::string_view> parts = split(data);
  if (parts.size() < 2 || parts[1] != realm) return false;
  int64_t expiry = 0;
  auto [end, error] = std::from_chars(parts[0].data(), parts[0].data() + parts[0].size(), expiry);
  if (error != std::errc() || end != parts[0].data() + parts[0].size() || expiry < 0) return false;
  if (expiry < now.us / 1'000'000) return false;
  if (descriptors != nullptr) descriptors->assign(parts.begin() + 2, parts.end());
  return true;
}

std::vector<std::string> Auth::allow(std::string_view token, const std::vector<std::string>& plugins) {
  std::vector<std::string>& list = tokens_[std::string(token)];
  for (const std::string& plugin : plugins) {
    if (std::find(list.begin(), list.end(), plugin) == list.end()) list.push_back(plugin);
  }
  return list;
}

std::vector<std::string> Auth::disallow(std::string_view token, const std::vector<std::string>& plugins) {
  auto found = tokens_.find(token);
  if (found == tokens_.end()) return {};
  std::erase_if(found->second, [&](const std::string& allowed) {
    return std::find(plugins.begin(), plugins.end(), allowed) != plugins.end();
  });
  return found->second;
}

bool Auth::remove(std::string_view token) {
  auto found = tokens_.find(token);
  if (found == tokens_.end()) return false;
  tokens_.erase(found);
  return true;
}

}  // namespace limen::core
