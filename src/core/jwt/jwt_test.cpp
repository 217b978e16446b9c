#include <gtest/gtest.h>

#include <cstdio>
#include <filesystem>
#include <fstream>

#include "base/bytes.hpp"
#include "core/auth.hpp"
#include "core/jwt/jwt_verifier.hpp"
#include "crypto/base64.hpp"
#include "crypto/hmac.hpp"

namespace limen::core {
namespace {

constexpr int64_t kNow = 1'795'346'000;
constexpr std::string_view kSecret = "a secret of thirty-two characters!";

WallTime at(int64_t seconds) {
  return {seconds * 1'000'000};
}

std::string encode(std::string_view text) {
  return crypto::base64url_encode(as_bytes(text));
}

std::string token_of(std::string_view payload, std::string_view secret = kSecret,
                     std::string_view header = R"({"alg":"HS256","typ":"JWT"})") {
  std::string input = encode(header) + "." + encode(payload);
  auto signature = crypto::hmac_sha256(as_bytes(secret), as_bytes(input));
  return input + "." + crypto::base64url_encode(signature);
}

std::string jwk(std::string_view id, std::string_view secret) {
  return fmt::format(R"({{"kty":"oct","kid":"{}","k":"{}"}})", id, encode(secret));
}

std::unique_ptr<JwtVerifier> verifier(JwtSettings settings = {}) {
  if (!settings.enabled()) settings.secret = kSecret;
  auto made = JwtVerifier::open(std::move(settings));
  EXPECT_TRUE(made) << made.error().text;
  return std::move(*made);
}

std::string refusal(JwtVerifier& jwt, std::string_view token, int64_t now = kNow) {
  auto verified = jwt.verify(token, at(now));
  return verified ? "" : verified.error().text;
}

TEST(Jwt, a_good_token_says_who_and_what) {
  auto jwt = verifier();
  auto claims = jwt->verify(
      token_of(R"({"sub":"alice","exp":1795346100,"janus":{"videoroom":{"1234":["publish"],"*":["subscribe"]}}})"),
      at(kNow));
  ASSERT_TRUE(claims) << claims.error().text;
  EXPECT_EQ((*claims)->subject, "alice");
  const Grants& grants = (*claims)->grants;
  EXPECT_TRUE(grants.allows_plugin("janus.plugin.videoroom"));
  EXPECT_FALSE(grants.allows_plugin("janus.plugin.echotest"));
  auto may = [&](Rights rights, std::string room) {
    return grants.allows("janus.plugin.videoroom", {.rights = rights, .object = std::move(room)});
  };
  EXPECT_TRUE(may(Right::publish, "1234"));
  EXPECT_TRUE(may(Right::join, "1234"));
  EXPECT_TRUE(may(Right::subscribe, "1234"));
  EXPECT_FALSE(may(Right::administer, "1234"));
  EXPECT_FALSE(may(Right::publish, "5678"));
  EXPECT_TRUE(may(Right::subscribe, "5678"));
  EXPECT_FALSE(may(Right::create, ""));
}

TEST(Jwt, times_count_with_leeway) {
  auto jwt = verifier({.leeway = 10});
  std::string token = token_of(R"({"exp":1795346100,"nbf":1795346000,"iat":1795345000.5})");
  EXPECT_EQ(refusal(*jwt, token, 1795345989), "it is not valid yet");
  EXPECT_EQ(refusal(*jwt, token, 1795345990), "");
  EXPECT_EQ(refusal(*jwt, token, 1795346109), "");
  EXPECT_EQ(refusal(*jwt, token, 1795346110), "it has expired");
  EXPECT_EQ(refusal(*jwt, token_of(R"({"exp":1795346100,"iat":1795347000})")), "it is not valid yet");
  EXPECT_EQ(refusal(*jwt, token_of(R"({"sub":"x"})")), "claim exp is missing");
  for (std::string_view bad : {R"("soon")", "-1", "1e300", "null", "[1795346100]"}) {
    EXPECT_EQ(refusal(*jwt, token_of(fmt::format(R"({{"exp":{}}})", bad))), "claim exp is not a time") << bad;
  }
}

TEST(Jwt, longest_lifetime_is_kept) {
  auto jwt = verifier({.leeway = 0, .longest_lifetime = 3600});
  EXPECT_EQ(refusal(*jwt, token_of(R"({"exp":1795349600})")), "");
  EXPECT_EQ(refusal(*jwt, token_of(R"({"exp":1795349601})")), "it is valid for longer than longest_lifetime");
}

TEST(Jwt, issuer_and_audience_have_to_fit) {
  auto jwt = verifier({.issuer = "https://id.example", .audience = "limen"});
  auto with = [](std::string_view rest) { return token_of(fmt::format(R"({{"exp":1795346100{}}})", rest)); };
  EXPECT_EQ(refusal(*jwt, with(R"(,"iss":"https://id.example","aud":"limen")")), "");
  EXPECT_EQ(refusal(*jwt, with(R"(,"iss":"https://id.example","aud":["x","limen"])")), "");
  EXPECT_NE(refusal(*jwt, with(R"(,"iss":"https://id.example","aud":["x"])")), "");
  EXPECT_NE(refusal(*jwt, with(R"(,"iss":"https://id.example")")), "");
  EXPECT_NE(refusal(*jwt, with(R"(,"iss":"https://other.example","aud":"limen")")), "");
  EXPECT_NE(refusal(*jwt, with(R"(,"aud":"limen")")), "");
  // Without an audience of our own, a token for somebody is not for us.
  auto open = verifier();
  EXPECT_EQ(refusal(*open, with("")), "");
  EXPECT_NE(refusal(*open, with(R"(,"aud":"limen")")), "");
}

TEST(Jwt, forged_and_mangled_tokens_are_refused) {
  auto jwt = verifier();
  std::string payload = R"({"exp":1795346100})";
  EXPECT_EQ(refusal(*jwt, token_of(payload, "another secret of thirty-two chars")), "no key has signed it");
  EXPECT_EQ(refusal(*jwt, token_of(payload, kSecret, R"({"alg":"none"})")), "no key has signed it");
  EXPECT_EQ(refusal(*jwt, token_of(payload, kSecret, R"({"alg":"RS256"})")), "no key has signed it");
  EXPECT_EQ(refusal(*jwt, token_of(payload, kSecret, R"({"alg":"hs256"})")), "no key has signed it");
  EXPECT_EQ(refusal(*jwt, token_of(payload, kSecret, R"({"alg":"HS256","crit":["exp"]})")),
            "the header has crit, which is not supported");
  EXPECT_EQ(refusal(*jwt, token_of(payload, kSecret, R"({"typ":"JWT"})")), "the header names no algorithm");
  EXPECT_EQ(refusal(*jwt, token_of(payload, kSecret, R"([])")), "the header is not a JSON object");
  EXPECT_EQ(refusal(*jwt, token_of("[]")), "the payload is not a JSON object");
  std::string good = token_of(payload);
  EXPECT_EQ(refusal(*jwt, good), "");
  EXPECT_EQ(refusal(*jwt, good + "."), "it has not three parts");
  EXPECT_EQ(refusal(*jwt, good + "="), "a part is not base64url");
  EXPECT_EQ(refusal(*jwt, good.substr(0, good.rfind('.') + 1)), "it is not signed");
  EXPECT_NE(refusal(*jwt, std::string(9000, 'a')), "");
  std::string other = token_of(R"({"exp":1795346200})");
  std::string swapped = other.substr(0, other.rfind('.')) + good.substr(good.rfind('.'));
  EXPECT_EQ(refusal(*jwt, swapped), "no key has signed it");
}

TEST(Jwt, unknown_rights_and_wrong_shapes_are_refused) {
  auto jwt = verifier();
  auto refused = [&](std::string_view claim) {
    return refusal(*jwt, token_of(fmt::format(R"({{"exp":1795346100,"janus":{}}})", claim)));
  };
  EXPECT_EQ(refused(R"({"echotest":true})"), "");
  EXPECT_EQ(refused(R"({"echotest":false,"videoroom":[]})"), "");
  EXPECT_NE(refused(R"({"videoroom":["pubish"]})"), "");
  EXPECT_NE(refused(R"({"videoroom":"publish"})"), "");
  EXPECT_NE(refused(R"({"videoroom":{"1":[1]}})"), "");
  EXPECT_NE(refused(R"(["janus.plugin.videoroom"])"), "");
}

TEST(Jwt, the_key_with_the_tokens_kid_has_to_fit) {
  auto set = KeySet::parse_jwks(fmt::format(R"({{"keys":[{},{},{{"kty":"EC","crv":"P-521","x":"AA","y":"AA"}},)"
                                            R"({{"kty":"oct","use":"enc","k":"AA"}}]}})",
                                            jwk("a", kSecret), jwk("b", "another secret of thirty-two chars")));
  ASSERT_TRUE(set) << set.error().text;
  EXPECT_EQ(set->size(), 2);

  std::string good = token_of("{}", kSecret, R"({"alg":"HS256","kid":"a"})");
  EXPECT_TRUE(set->verify(parse_compact_jws(good).value()));
  std::string other = token_of("{}", kSecret, R"({"alg":"HS256","kid":"b"})");
  EXPECT_FALSE(set->verify(parse_compact_jws(other).value()));
  std::string unknown = token_of("{}", kSecret, R"({"alg":"HS256","kid":"c"})");
  EXPECT_FALSE(set->verify(parse_compact_jws(unknown).value()));
  std::string none = token_of("{}");
  EXPECT_TRUE(set->verify(parse_compact_jws(none).value()));
  EXPECT_FALSE(parse_compact_jws(token_of("{}", kSecret, R"({"alg":"HS256","kid":7})")));
}

TEST(Jwt, broken_key_sets_are_errors) {
  for (std::string_view bad :
       {"", "{}", "[]", R"({"keys":{}})", R"({"keys":[1]})", R"({"keys":[{"kty":"oct","k":"AAAA"}]})",
        R"({"keys":[{"kty":"RSA","n":"AQAB","e":"AQAB"}]})", R"({"keys":[{"kty":"EC","crv":"P-256","x":"AA"}]})"}) {
    EXPECT_FALSE(KeySet::parse_jwks(bad)) << bad;
  }
}

JwtSettings with(std::string JwtSettings::* member, std::string value) {
  JwtSettings settings;
  settings.*member = std::move(value);
  return settings;
}

class JwksFile : public testing::Test {
 protected:
  JwksFile() { path_ = std::filesystem::temp_directory_path() / fmt::format("limen_jwks_{}.json", getpid()); }
  ~JwksFile() override { std::filesystem::remove(path_); }
  void write(std::string_view text) {
    std::filesystem::remove(path_);
    std::ofstream(path_) << text;
    std::filesystem::last_write_time(path_, std::filesystem::file_time_type::clock::now() + std::chrono::seconds(++n_));
  }
  std::filesystem::path path_;
  int n_ = 0;
};

TEST_F(JwksFile, is_read_again_when_it_changes) {
  write(fmt::format(R"({{"keys":[{}]}})", jwk("a", kSecret)));
  auto jwt = verifier(with(&JwtSettings::jwks_file, path_));
  std::string by_old = token_of(R"({"exp":1795346100})");
  std::string by_new = token_of(R"({"exp":1795346100})", "another secret of thirty-two chars");
  EXPECT_EQ(refusal(*jwt, by_old), "");
  EXPECT_EQ(refusal(*jwt, by_new), "no key has signed it");

  write(fmt::format(R"({{"keys":[{}]}})", jwk("b", "another secret of thirty-two chars")));
  EXPECT_EQ(refusal(*jwt, by_new, kNow + 1), "");
  EXPECT_EQ(refusal(*jwt, by_old, kNow + 1), "no key has signed it");  // also what was remembered

  write("{ broken");
  EXPECT_EQ(refusal(*jwt, by_new, kNow + 2), "");  // the last good keys stay
  std::filesystem::remove(path_);
  EXPECT_EQ(refusal(*jwt, by_new, kNow + 3), "");
}

TEST_F(JwksFile, that_cannot_be_used_stops_the_start) {
  EXPECT_FALSE(JwtVerifier::open(with(&JwtSettings::jwks_file, path_)));
  write(R"({"keys":[]})");
  EXPECT_FALSE(JwtVerifier::open(with(&JwtSettings::jwks_file, path_)));
  EXPECT_FALSE(JwtVerifier::open(with(&JwtSettings::secret, "too short")));
}

TEST(Grants, are_for_each_plugin_its_own) {
  auto parsed = Grants::parse(parse_json(R"({"*":["subscribe"],"janus.plugin.streaming":{"1":true}})").value());
  ASSERT_TRUE(parsed);
  EXPECT_TRUE(parsed->allows("janus.plugin.audiobridge", {.rights = Right::subscribe, .object = "7"}));
  EXPECT_FALSE(parsed->allows("janus.plugin.audiobridge", {.rights = Right::join, .object = "7"}));
  EXPECT_TRUE(parsed->allows("janus.plugin.streaming", {.rights = Right::administer, .object = "1"}));
  EXPECT_FALSE(parsed->allows("janus.plugin.streaming", {.rights = Right::subscribe, .object = "2"}));
  EXPECT_TRUE(parsed->allows("janus.plugin.streaming", {.object = "1", .any = true}));
  EXPECT_FALSE(parsed->allows("janus.plugin.streaming", {.object = "2", .any = true}));
  EXPECT_TRUE(parsed->allows("janus.plugin.streaming", {}));
}

TEST(Grants, needed_rights_of_what_is_in_no_table_are_all) {
  constexpr std::array table{RequestRights{.request = "list"},
                             RequestRights{.request = "watch", .rights = Right::subscribe}};
  auto needed = [&](std::string_view body) { return needed_by_table(parse_json(body)->get_object(), table); };
  EXPECT_TRUE(needed(R"({"request":"LIST"})").rights.empty());
  EXPECT_EQ(needed(R"({"request":"watch","room":5})").object, "5");
  EXPECT_EQ(needed(R"({"request":"watch","room":"x"})").object, "x");
  EXPECT_EQ(needed(R"({"request":"destroy","room":5})").rights, Rights(Right::administer));
  EXPECT_EQ(needed(R"({"request":5})").rights, Rights(Right::administer));
  EXPECT_EQ(text_of(needed(R"({"request":"destroy","room":5})")), "admin in 5");
  EXPECT_EQ(text_of({.rights = Right::publish | Right::create, .object = "9"}), "publish and create in 9");
}

TEST(AuthWithJwt, stands_beside_secret_and_tokens) {
  Auth auth({.api_secret = "s3cret", .token_auth = true, .token_auth_secret = ""});
  auth.set_jwt(verifier());
  auth.allow("stored", {"janus.plugin.echotest"});
  std::string token = token_of(R"({"exp":1795346100,"janus":{"echotest":true}})");
  EXPECT_TRUE(auth.allows("s3cret", "", at(kNow)));
  EXPECT_TRUE(auth.allows("", "stored", at(kNow)));
  EXPECT_TRUE(auth.allows("", token, at(kNow)));
  EXPECT_FALSE(auth.allows("", token, at(kNow + 1000)));
  EXPECT_FALSE(auth.allows("", "", at(kNow)));
  EXPECT_TRUE(auth.allows_plugin(token, "janus.plugin.echotest", at(kNow)));
  EXPECT_FALSE(auth.allows_plugin(token, "janus.plugin.videoroom", at(kNow)));
  EXPECT_TRUE(auth.allows_plugin("stored", "janus.plugin.echotest", at(kNow)));
  EXPECT_TRUE(auth.allows_plugin("s3cret", "janus.plugin.videoroom", at(kNow)));
  EXPECT_EQ(auth.admit("s3cret", "", at(kNow)).claims, nullptr);
  EXPECT_NE(auth.admit("", token, at(kNow)).claims, nullptr);
}

TEST(AuthWithJwt, alone_wants_a_token) {
  Auth auth({});
  auth.set_jwt(verifier());
  EXPECT_FALSE(auth.allows("", "", at(kNow)));
  EXPECT_FALSE(auth.allows_plugin("", "janus.plugin.echotest", at(kNow)));
  EXPECT_TRUE(auth.allows("", token_of(R"({"exp":1795346100})"), at(kNow)));
  EXPECT_FALSE(auth.allows_plugin(token_of(R"({"exp":1795346100})"), "janus.plugin.echotest", at(kNow)));
}

}  // namespace
}  // namespace limen::core
