#include "core/jwt/jwt_verifier.hpp"

#include <sys/stat.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <iterator>

#include "base/bytes.hpp"
#include "base/log.hpp"
#include "crypto/digest.hpp"

namespace limen::core {
namespace {

constexpr size_t kLargestKeyFile = 1024 * 1024;

int64_t seconds_of(WallTime now) {
  return now.us / 1'000'000;
}

Result<std::string> read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return fail("'{}' cannot be opened", path);
  std::string text{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  if (text.size() > kLargestKeyFile) return fail("'{}' is too large", path);
  return text;
}

// A NumericDate: seconds, maybe with a fraction. nullopt: absent.
Result<std::optional<int64_t>> date_of(const JsonObject& claims, std::string_view name) {
  const Json* value = claims.if_contains(name);
  if (value == nullptr) return std::nullopt;
  constexpr double kLimit = 1e15;
  double number = -1;
  if (value->is_int64()) number = static_cast<double>(value->get_int64());
  if (value->is_uint64()) number = static_cast<double>(value->get_uint64());
  if (value->is_double()) number = value->get_double();
  if (!(number >= 0 && number < kLimit)) return fail("claim {} is not a time", name);
  return static_cast<int64_t>(std::floor(number));
}

bool is_text(const Json* value, const std::string& wanted) {
  return value != nullptr && value->is_string() && std::string_view(value->get_string()) == wanted;
}

// With an `aud` that does not mean us a token is not for us, also if none is configured (RFC 7519 section 4.1.3).
bool audience_fits(const JsonObject& claims, const std::string& wanted) {
  const Json* audience = claims.if_contains("aud");
  if (audience == nullptr || wanted.empty()) return audience == nullptr && wanted.empty();
  if (is_text(audience, wanted)) return true;
  if (!audience->is_array()) return false;
  for (const Json& one : audience->get_array()) {
    if (is_text(&one, wanted)) return true;
  }
  return false;
}

}  // namespace

Result<JwtClaims> read_claims(std::string_view payload, const JwtSettings& settings) {
  auto json = parse_json(payload);
  if (!json || !json->is_object()) return fail("the payload is not a JSON object");
  const JsonObject& claims = json->get_object();
  JwtClaims out;
  auto expires = date_of(claims, "exp");
  auto not_before = date_of(claims, "nbf");
  auto issued = date_of(claims, "iat");
  for (const auto* date : {&expires, &not_before, &issued}) {
    if (!*date) return std::unexpected(date->error());
  }
  if (!*expires) return fail("claim exp is missing");
  out.expires = **expires;
  out.not_before = std::max(not_before->value_or(0), issued->value_or(0));
  if (!settings.issuer.empty() && !is_text(claims.if_contains("iss"), settings.issuer)) {
    return fail("claim iss is not the issuer of the configuration");
  }
  if (!audience_fits(claims, settings.audience))
    return fail("claim aud does not fit the audience of the configuration");
  if (const Json* subject = claims.if_contains("sub")) {
    if (!subject->is_string()) return fail("claim sub is not a string");
    out.subject = std::string_view(subject->get_string());
  }
  if (const Json* grants = claims.if_contains("janus")) {
    auto parsed = Grants::parse(*grants);
    if (!parsed) return fail("claim janus: {}", parsed.error().text);
    out.grants = std::move(*parsed);
  }
  return out;
}

std::string_view jwt_result_name(JwtResult result) {
  static constexpr std::array<std::string_view, static_cast<size_t>(JwtResult::count)> kNames = {
      "accepted", "malformed", "unknown_signature", "bad_claims", "expired", "not_yet_valid", "too_long"};
  return kNames[static_cast<size_t>(result)];
}

Result<std::unique_ptr<JwtVerifier>> JwtVerifier::open(JwtSettings settings) {
  std::unique_ptr<JwtVerifier> made(new JwtVerifier(std::move(settings)));
  made->versions_ = made->versions_on_disk();
  auto keys = made->read_keys();
  if (!keys) return std::unexpected(keys.error());
  made->keys_ = std::move(*keys);
  return made;
}

JwtVerifier::Versions JwtVerifier::versions_on_disk() const {
  Versions out;
  const std::string* names[2] = {&settings_.jwks_file, &settings_.key_file};
  for (size_t i = 0; i < 2; ++i) {
    struct stat facts{};
    if (names[i]->empty() || stat(names[i]->c_str(), &facts) != 0) continue;
    out[i] = {int64_t{facts.st_mtim.tv_sec} * 1'000'000'000 + facts.st_mtim.tv_nsec,
              static_cast<uint64_t>(facts.st_size), facts.st_ino};
  }
  return out;
}

Result<KeySet> JwtVerifier::read_keys() const {
  KeySet keys;
  if (!settings_.secret.empty()) {
    auto key = crypto::VerifyKey::from_secret(as_bytes(settings_.secret));
    if (!key) return fail("jwt.secret: {}", key.error().text);
    keys.add(std::move(*key));
  }
  if (!settings_.key_file.empty()) {
    auto text = read_file(settings_.key_file);
    if (!text) return fail("jwt.key_file: {}", text.error().text);
    auto key = crypto::VerifyKey::from_pem(*text);
    if (!key) return fail("jwt.key_file '{}': {}", settings_.key_file, key.error().text);
    keys.add(std::move(*key));
  }
  if (!settings_.jwks_file.empty()) {
    auto text = read_file(settings_.jwks_file);
    if (!text) return fail("jwt.jwks_file: {}", text.error().text);
    auto set = KeySet::parse_jwks(*text);
    if (!set) return fail("jwt.jwks_file '{}': {}", settings_.jwks_file, set.error().text);
    if (set->size() == 0) return fail("jwt.jwks_file '{}': no key in it is of use here", settings_.jwks_file);
    keys.merge(std::move(*set));
  }
  return keys;
}

void JwtVerifier::look_for_new_keys(WallTime now) {
  if (seconds_of(now) == looked_at_) return;
  looked_at_ = seconds_of(now);
  Versions seen = versions_on_disk();
  if (seen == versions_) return;
  versions_ = seen;
  auto keys = read_keys();
  if (!keys) {
    log::error("", "The changed keys of JWTs cannot be used, keeping the old ones: {}", keys.error().text);
    return;
  }
  keys_ = std::move(*keys);
  remembered_.clear();
  log::info("", "Keys of JWTs have changed: {} are in use", keys_.size());
}

bool JwtVerifier::expired(int64_t expires, WallTime now) const {
  return seconds_of(now) >= expires + settings_.leeway;
}

std::unexpected<Error> JwtVerifier::refused(JwtResult why, Error error) {
  ++counters_[static_cast<size_t>(why)];
  return std::unexpected(std::move(error));
}

Result<> JwtVerifier::check_times(const JwtClaims& claims, WallTime now) {
  if (expired(claims.expires, now)) return refused(JwtResult::expired, {"it has expired"});
  if (claims.not_before > seconds_of(now) + settings_.leeway) {
    return refused(JwtResult::not_yet_valid, {"it is not valid yet"});
  }
  if (settings_.longest_lifetime > 0 &&
      claims.expires > seconds_of(now) + settings_.longest_lifetime + settings_.leeway) {
    return refused(JwtResult::too_long, {"it is valid for longer than longest_lifetime"});
  }
  return {};
}

Result<std::shared_ptr<const JwtClaims>> JwtVerifier::verify(std::string_view token, WallTime now) {
  look_for_new_keys(now);
  crypto::Sha256Digest digest = crypto::sha256(as_bytes(token));
  std::string name(as_text(digest));
  auto known = remembered_.find(name);
  if (known == remembered_.end()) {
    auto parsed = parse_compact_jws(token);
    if (!parsed) return refused(JwtResult::malformed, parsed.error());
    if (!keys_.verify(*parsed)) return refused(JwtResult::unknown_signature, {"no key has signed it"});
    auto claims = read_claims(as_text(parsed->payload), settings_);
    if (!claims) return refused(JwtResult::bad_claims, claims.error());
    if (auto timely = check_times(*claims, now); !timely) return std::unexpected(timely.error());
    if (remembered_.size() >= kMostRemembered) remembered_.clear();
    known = remembered_.emplace(std::move(name), std::make_shared<const JwtClaims>(std::move(*claims))).first;
  }
  if (auto timely = check_times(*known->second, now); !timely) {
    remembered_.erase(known);
    return std::unexpected(timely.error());
  }
  ++counters_[static_cast<size_t>(JwtResult::accepted)];
  return known->second;
}

}  // namespace limen::core
