#include "core/auth.hpp"

#include <gtest/gtest.h>

namespace limen::core {
namespace {

constexpr WallTime kNow{1795346000LL * 1'000'000};

TEST(Auth, without_secrets_everybody_may) {
  Auth auth({});
  EXPECT_TRUE(auth.allows("", "", kNow));
  EXPECT_TRUE(auth.allows_plugin("", "janus.plugin.echotest", kNow));
}

TEST(Auth, either_mechanism_suffices) {
  Auth auth({.api_secret = "s3cret", .token_auth = true, .token_auth_secret = ""});
  EXPECT_FALSE(auth.allows("", "", kNow));
  EXPECT_FALSE(auth.allows("S3cret", "", kNow));
  EXPECT_TRUE(auth.allows("s3cret", "", kNow));
  EXPECT_FALSE(auth.allows("", "alice", kNow));
  auth.allow("alice", {});
  EXPECT_TRUE(auth.allows("", "alice", kNow));
  EXPECT_TRUE(auth.allows("wrong", "alice", kNow));
}

// The example of the specification.
constexpr std::string_view kSigned = "1795346969,janus,janus.plugin.echotest:TfBGDIo7PB5U8oA8UxMtkKe1aZA=";

Auth signing() {
  return Auth({.api_secret = "", .token_auth = true, .token_auth_secret = "sekret"});
}

TEST(Auth, signed_tokens_as_specified) {
  Auth auth = signing();
  EXPECT_EQ(sign_token("sekret", "1795346969,janus,janus.plugin.echotest"), kSigned);
  EXPECT_TRUE(auth.allows("", kSigned, kNow));
  EXPECT_TRUE(auth.allows_plugin(kSigned, "janus.plugin.echotest", kNow));
  EXPECT_FALSE(auth.allows_plugin(kSigned, "janus.plugin.videoroom", kNow));
}

TEST(Auth, signed_tokens_expire) {
  Auth auth = signing();
  EXPECT_TRUE(auth.allows("", kSigned, WallTime{1795346969LL * 1'000'000}));
  EXPECT_FALSE(auth.allows("", kSigned, WallTime{1795346970LL * 1'000'000}));
  EXPECT_FALSE(auth.allows("", sign_token("sekret", "-5,janus"), kNow));
  EXPECT_FALSE(auth.allows("", sign_token("sekret", "soon,janus"), kNow));
}

TEST(Auth, forged_or_mangled_tokens_are_refused) {
  Auth auth = signing();
  for (std::string_view token : {"", "garbage", "9999999999,janus", "9999999999,janus:", ":", "9999999999:x:y"}) {
    EXPECT_FALSE(auth.allows("", token, kNow)) << token;
  }
  EXPECT_FALSE(auth.allows("", sign_token("other", "9999999999,janus"), kNow));
  EXPECT_FALSE(auth.allows("", sign_token("sekret", "9999999999,sip"), kNow));
  EXPECT_FALSE(auth.allows("", sign_token("sekret", "9999999999"), kNow));
  EXPECT_TRUE(auth.allows("", sign_token("sekret", "9999999999,janus"), kNow));
  EXPECT_FALSE(auth.allows_plugin(sign_token("sekret", "9999999999,janus"), "janus.plugin.echotest", kNow));
}

TEST(Auth, realms_of_plugins) {
  Auth auth = signing();
  std::string token = sign_token("sekret", "9999999999,janus.plugin.videoroom,room=1234,room=5");
  EXPECT_TRUE(auth.signature_names(token, "janus.plugin.videoroom", "room=5", kNow));
  EXPECT_FALSE(auth.signature_names(token, "janus.plugin.videoroom", "room=1", kNow));
  EXPECT_FALSE(auth.signature_names(token, "janus", "room=5", kNow));
}

TEST(Auth, stored_tokens_and_their_plugins) {
  Auth auth({.api_secret = "", .token_auth = true, .token_auth_secret = ""});
  EXPECT_EQ(auth.allow("bob", {"a"}), std::vector<std::string>{"a"});
  EXPECT_EQ(auth.allow("bob", {"b", "a"}), (std::vector<std::string>{"a", "b"}));
  EXPECT_TRUE(auth.allows_plugin("bob", "b", kNow));
  EXPECT_EQ(auth.disallow("bob", {"a"}), std::vector<std::string>{"b"});
  EXPECT_FALSE(auth.allows_plugin("bob", "a", kNow));
  EXPECT_TRUE(auth.remove("bob"));
  EXPECT_FALSE(auth.remove("bob"));
  EXPECT_FALSE(auth.allows("", "bob", kNow));
}

}  // namespace
}  // namespace limen::core
