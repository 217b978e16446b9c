#include "core/auth.hpp"

#include <algorithm>
#include <charconv>

#include "base/constant_time.hpp"
#include "base/log.hpp"
#include "crypto/base64.hpp"
#include "crypto/digest.hpp"
#include "crypto/hmac.hpp"

namespace limen::core {
namespace {

std::string signature(std::string_view secret, std::string_view data) {
  return crypto::base64_encode(crypto::hmac_sha1(as_bytes(secret), as_bytes(data)));
}

std::string digest_of(std::string_view token) {
  crypto::Sha256Digest digest = crypto::sha256(as_bytes(token));
  return std::string(as_text(digest));
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

Admission Auth::admit(std::string_view api_secret, std::string_view token, WallTime now) const {
  if (!uses_secret() && !uses_tokens() && !uses_jwt()) return {true, nullptr};
  bool secret = uses_secret() && constant_time_equal(api_secret, settings_.api_secret);
  if (token.empty()) return {secret, nullptr};
  if (auto claims = claims_of(token, now)) return {true, std::move(claims)};
  if (secret) return {true, nullptr};
  if (!uses_tokens()) return {};
  return {signed_tokens() ? signature_valid(token, "janus", now, nullptr) : find(token) != nullptr, nullptr};
}

std::shared_ptr<const JwtClaims> Auth::claims_of(std::string_view token, WallTime now) const {
  if (!uses_jwt() || !looks_like_jwt(token)) return nullptr;
  auto claims = jwt_->verify(token, now);
  if (claims) return std::move(*claims);
  log::verbose("", "A JWT was refused: {}", claims.error().text);
  return nullptr;
}

bool Auth::session_over(int64_t token_expires, WallTime now) const {
  return uses_jwt() && jwt_->settings().end_sessions && jwt_->expired(token_expires, now);
}

bool Auth::allows_plugin(std::string_view token, std::string_view plugin, WallTime now) const {
  if (!uses_tokens() && !uses_jwt()) return true;
  // A client that knows the secret may send it as its token, too (the bearer token of WHIP is both).
  if (uses_secret() && constant_time_equal(token, settings_.api_secret)) return true;
  if (auto claims = claims_of(token, now)) return claims->grants.allows_plugin(plugin);
  if (!uses_tokens()) return false;
  if (signed_tokens()) return signature_names(token, "janus", plugin, now);
  const Plugins* plugins = find(token);
  return plugins != nullptr && std::find(plugins->begin(), plugins->end(), plugin) != plugins->end();
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

const Auth::Plugins* Auth::find(std::string_view token) const {
  auto found = by_digest_.find(digest_of(token));
  return found == by_digest_.end() ? nullptr : &tokens_.find(*found->second)->second;
}

std::vector<std::string> Auth::allow(std::string_view token, const std::vector<std::string>& plugins) {
  auto [place, fresh] = tokens_.try_emplace(std::string(token));
  if (fresh) by_digest_[digest_of(token)] = &place->first;
  Plugins& list = place->second;
  for (const std::string& plugin : plugins) {
    if (std::find(list.begin(), list.end(), plugin) == list.end()) list.push_back(plugin);
  }
  return list;
}

std::vector<std::string> Auth::disallow(std::string_view token, const std::vector<std::string>& plugins) {
  Plugins* list = find(token);
  if (list == nullptr) return {};
  std::erase_if(*list, [&](const std::string& allowed) {
    return std::find(plugins.begin(), plugins.end(), allowed) != plugins.end();
  });
  return *list;
}

bool Auth::remove(std::string_view token) {
  if (find(token) == nullptr) return false;
  by_digest_.erase(digest_of(token));
  tokens_.erase(tokens_.find(token));
  return true;
}

}  // namespace limen::core
