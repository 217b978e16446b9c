#include "core/jwt/key_set.hpp"

#include <algorithm>

#include "base/bytes.hpp"
#include "crypto/base64.hpp"

namespace limen::core {
namespace {

std::string_view text_of(const JsonObject& object, std::string_view key) {
  const Json* value = object.if_contains(key);
  return value != nullptr && value->is_string() ? std::string_view(value->get_string()) : std::string_view();
}

Result<std::vector<uint8_t>> bytes_of(const JsonObject& jwk, std::string_view key) {
  auto bytes = crypto::base64url_decode(text_of(jwk, key));
  if (!bytes || bytes->empty()) return fail("member {} is missing or not base64url", key);
  return std::move(*bytes);
}

bool is_for_verifying(const JsonObject& jwk) {
  std::string_view use = text_of(jwk, "use");
  if (!use.empty() && use != "sig") return false;
  const Json* operations = jwk.if_contains("key_ops");
  if (operations == nullptr || !operations->is_array()) return operations == nullptr;
  return std::ranges::any_of(operations->get_array(),
                             [](const Json& one) { return one.is_string() && one.get_string() == "verify"; });
}

using MadeKey = Result<std::optional<crypto::VerifyKey>>;

MadeKey made(Result<crypto::VerifyKey> key) {
  if (!key) return std::unexpected(key.error());
  return std::optional(std::move(*key));
}

template <typename Make>
MadeKey of_two(const JsonObject& jwk, std::string_view first, std::string_view second, Make make) {
  auto a = bytes_of(jwk, first);
  if (!a) return std::unexpected(a.error());
  auto b = bytes_of(jwk, second);
  if (!b) return std::unexpected(b.error());
  return made(make(*a, *b));
}

MadeKey key_of(const JsonObject& jwk) {
  std::string_view type = text_of(jwk, "kty");
  std::string_view algorithm = text_of(jwk, "alg");
  auto is_for = [&](std::string_view name) { return algorithm.empty() || algorithm == name; };
  if (type == "oct" && is_for("HS256")) {
    auto secret = bytes_of(jwk, "k");
    if (!secret) return std::unexpected(secret.error());
    return made(crypto::VerifyKey::from_secret(*secret));
  }
  if (type == "RSA" && is_for("RS256")) return of_two(jwk, "n", "e", &crypto::VerifyKey::from_rsa);
  if (type == "EC" && text_of(jwk, "crv") == "P-256" && is_for("ES256")) {
    return of_two(jwk, "x", "y", &crypto::VerifyKey::from_p256);
  }
  return std::optional<crypto::VerifyKey>();
}

}  // namespace

Result<std::optional<KeySet::Entry>> KeySet::parse_key(const JsonObject& jwk) {
  if (!is_for_verifying(jwk)) return std::optional<Entry>();
  auto key = key_of(jwk);
  if (!key) return std::unexpected(key.error());
  if (!*key) return std::optional<Entry>();
  std::optional<std::string> id;
  if (jwk.contains("kid")) id = std::string(text_of(jwk, "kid"));
  return std::optional<Entry>(Entry{std::move(id), std::move(**key)});
}

Result<KeySet> KeySet::parse_jwks(std::string_view text) {
  auto json = parse_json(text);
  if (!json) return fail("line {}: {}", json.error().line, json.error().text);
  const JsonObject* root = json->if_object();
  const Json* list = root == nullptr ? nullptr : root->if_contains("keys");
  if (list == nullptr || !list->is_array()) return fail("a JSON Web Key Set is an object with a list 'keys'");
  if (list->get_array().size() > kMostKeys) return fail("it has more than {} keys", kMostKeys);
  KeySet out;
  size_t number = 0;
  for (const Json& jwk : list->get_array()) {
    ++number;
    if (!jwk.is_object()) return fail("key {} is not an object", number);
    auto entry = parse_key(jwk.get_object());
    if (!entry) return fail("key {}: {}", number, entry.error().text);
    if (*entry) out.keys_.push_back(std::move(**entry));
  }
  return out;
}

void KeySet::add(crypto::VerifyKey key, std::optional<std::string> id) {
  keys_.push_back({std::move(id), std::move(key)});
}

void KeySet::merge(KeySet other) {
  std::ranges::move(other.keys_, std::back_inserter(keys_));
}

bool KeySet::verify(const CompactJws& token) const {
  for (const Entry& entry : keys_) {
    if (crypto::name_of(entry.key.algorithm()) != token.algorithm) continue;
    if (token.key_id && entry.id && *token.key_id != *entry.id) continue;
    if (entry.key.verify(as_bytes(token.signing_input), token.signature)) return true;
  }
  return false;
}

}  // namespace limen::core
