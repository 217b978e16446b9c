// Auth: who may use the Janus API: the API secret, stored tokens or signed tokens (spec section 3.8), or JSON Web
// Tokens (docs/authentication.md).
//
// Control thread. Comparisons take the same time whatever differs.
#pragma once
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/time.hpp"
#include "core/jwt/jwt_verifier.hpp"

namespace limen::core {

struct AuthSettings {
  std::string api_secret;
  bool token_auth = false;
  std::string token_auth_secret;
};

// What a request's secret and token come to.
struct Admission {
  bool allowed = false;
  std::shared_ptr<const JwtClaims> claims;  // of the token, if it is a good JWT: what it grants limits the request
};

class Auth {
 public:
  explicit Auth(AuthSettings settings) : settings_(std::move(settings)) {}
  // Without it there are no JWTs.
  void set_jwt(std::unique_ptr<JwtVerifier> jwt) { jwt_ = std::move(jwt); }

  bool uses_secret() const { return !settings_.api_secret.empty(); }
  bool uses_tokens() const { return settings_.token_auth; }
  bool stored_tokens() const { return settings_.token_auth && settings_.token_auth_secret.empty(); }
  bool uses_jwt() const { return jwt_ != nullptr; }
  const JwtVerifier* jwt() const { return jwt_.get(); }  // may be null
  bool signed_tokens() const { return settings_.token_auth && !settings_.token_auth_secret.empty(); }

  // Empty texts stand for members that were not given.
  Admission admit(std::string_view api_secret, std::string_view token, WallTime now) const;
  bool allows(std::string_view api_secret, std::string_view token, WallTime now) const {
    return admit(api_secret, token, now).allowed;
  }
  // May the bearer attach to this plugin? Without token authentication: yes.
  bool allows_plugin(std::string_view token, std::string_view plugin, WallTime now) const;
  // The claims of a good JWT, or null.
  std::shared_ptr<const JwtClaims> claims_of(std::string_view token, WallTime now) const;
  bool expired(int64_t token_expires, WallTime now) const { return uses_jwt() && jwt_->expired(token_expires, now); }
  // Has a session to end, whose newest token was good until then?
  bool session_over(int64_t token_expires, WallTime now) const;
  // A signed token of this realm that names the descriptor.
  bool signature_names(std::string_view token, std::string_view realm, std::string_view descriptor, WallTime now) const;

  // Stored tokens, in memory only; names sorted, plugins in the order they were allowed.
  bool has(std::string_view token) const { return find(token) != nullptr; }
  std::vector<std::string> allow(std::string_view token, const std::vector<std::string>& plugins);  // adds the token
  std::vector<std::string> disallow(std::string_view token, const std::vector<std::string>& plugins);
  bool remove(std::string_view token);
  const std::map<std::string, std::vector<std::string>, std::less<>>& tokens() const { return tokens_; }

 private:
  bool signature_valid(std::string_view token, std::string_view realm, WallTime now,
                       std::vector<std::string_view>* descriptors) const;

  using Plugins = std::vector<std::string>;
  // By the token's digest: how long it takes says nothing of the tokens there are.
  const Plugins* find(std::string_view token) const;
  Plugins* find(std::string_view token) { return const_cast<Plugins*>(std::as_const(*this).find(token)); }

  AuthSettings settings_;
  std::map<std::string, Plugins, std::less<>> tokens_;
  std::map<std::string, const std::string*> by_digest_;
  std::unique_ptr<JwtVerifier> jwt_;
};

// "expiry,realm[,descriptor...]:base64(HMAC-SHA1(secret, data))", for tests and tools.
std::string sign_token(std::string_view secret, std::string_view data);

}  // namespace limen::core
