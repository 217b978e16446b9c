// Auth: who may use the Janus API: the API secret, stored tokens or signed tokens (spec section 3.8).
//
// Control thread. Comparisons take the same time whatever differs.
#pragma once
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.hpp"

namespace limen::core {

struct AuthSettings {
  std::string api_secret;
  bool token_auth = false;
  std::string token_auth_secret;
};

class Auth {
 public:
  explicit Auth(AuthSettings settings) : settings_(std::move(settings)) {}

  bool uses_secret() const { return !settings_.api_secret.empty(); }
  bool uses_tokens() const { return settings_.token_auth; }
  bool stored_tokens() const { return settings_.token_auth && settings_.token_auth_secret.empty(); }
  bool signed_tokens() const { return settings_.token_auth && !settings_.token_auth_secret.empty(); }

  // Empty texts stand for members that were not given.
  bool allows(std::string_view api_secret, std::string_view token, WallTime now) const;
  // May the bearer attach to this plugin? Without token authentication: yes.
  bool allows_plugin(std::string_view token, std::string_view plugin, WallTime now) const;
  // A signed token of this realm that names the descriptor.
  bool signature_names(std::string_view token, std::string_view realm, std::string_view descriptor, WallTime now) const;

  // Stored tokens, in memory only; names sorted, plugins in the order they were allowed.
  bool has(std::string_view token) const { return tokens_.contains(token); }
  std::vector<std::string> allow(std::string_view token, const std::vector<std::string>& plugins);  // adds the token
  std::vector<std::string> disallow(std::string_view token, const std::vector<std::string>& plugins);
  bool remove(std::string_view token);
  const std::map<std::string, std::vector<std::string>, std::less<>>& tokens() const { return tokens_; }

 private:
  bool signature_valid(std::string_view token, std::string_view realm, WallTime now,
                       std::vector<std::string_view>* descriptors) const;

  AuthSettings settings_;
  std::map<std::string, std::vector<std::string>, std::less<>> tokens_;
};

// "expiry,realm[,descriptor...]:base64(HMAC-SHA1(secret, data))", for tests and tools.
std::string sign_token(std::string_view secret, std::string_view data);

}  // namespace limen::core
