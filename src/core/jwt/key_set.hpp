// KeySet: the keys that may have signed a JWT: a JSON Web Key Set (RFC 7517), a secret, a PEM file.
//
// Plain values, any thread.
#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/json.hpp"
#include "base/result.hpp"
#include "core/jwt/compact_jws.hpp"
#include "crypto/verify_key.hpp"

namespace limen::core {

class KeySet {
 public:
  static constexpr size_t kMostKeys = 64;

  // {"keys": [...]}: oct (HS256), RSA (RS256) and EC P-256 (ES256). Keys of other types, for other algorithms or for
  // encryption are left out, as the RFC wants; one of ours that is broken is an error.
  static Result<KeySet> parse_jwks(std::string_view text);

  void add(crypto::VerifyKey key, std::optional<std::string> id = std::nullopt);
  void merge(KeySet other);
  size_t size() const { return keys_.size(); }
  // Has a key for the algorithm that the token names signed it? A token with a kid is checked against keys with that
  // id, and those that have none; one without, against all of the algorithm.
  bool verify(const CompactJws& token) const;

 private:
  struct Entry {
    std::optional<std::string> id;
    crypto::VerifyKey key;
  };
  static Result<std::optional<Entry>> parse_key(const JsonObject& jwk);

  std::vector<Entry> keys_;
};

}  // namespace limen::core
