#include "crypto/digest.hpp"

#include <gtest/gtest.h>

#include "crypto/base64.hpp"
#include "crypto/hmac.hpp"
#include "crypto/random.hpp"
#include "tests/support/hex.hpp"

namespace limen::crypto {
namespace {

using test::from_hex;
using test::to_hex;

TEST(Digest, standard_vectors) {
  EXPECT_EQ(to_hex(md5(as_bytes("abc"))), "900150983cd24fb0d6963f7d28e17f72");
  EXPECT_EQ(to_hex(sha1(as_bytes("abc"))), "a9993e364706816aba3e25717850c26c9cd0d89d");
  EXPECT_EQ(to_hex(sha256(as_bytes("abc"))), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

TEST(Digest, parts_count_as_one_message) {
  EXPECT_EQ(sha1({as_bytes("a"), {}, as_bytes("bc")}), sha1(as_bytes("abc")));
  EXPECT_EQ(md5({as_bytes("ab"), as_bytes("c")}), md5(as_bytes("abc")));
  EXPECT_EQ(sha256({as_bytes("ab"), as_bytes("c")}), sha256(as_bytes("abc")));
}

struct HmacCase {
  std::string key, data, digest;
};

TEST(Hmac, sha1_vectors_of_rfc_2202) {
  const HmacCase cases[] = {
      {std::string(20, '\x0b'), "Hi There", "b617318655057264e28bc0b6fb378c8ef146be00"},
      {"Jefe", "what do ya want for nothing?", "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79"},
      {std::string(20, '\xaa'), std::string(50, '\xdd'), "125d7342b9ac11cd91a39af48aa17b4f63f175d3"},
      {std::string(80, '\xaa'), "Test Using Larger Than Block-Size Key - Hash Key First",
       "aa4ae5e15272d00e95705637ce8a3b55ed402112"},
      {std::string(80, '\xaa'), "Test Using Larger Than Block-Size Key and Larger Than One Block-Size Data",
       "e8e99d0f45237d786d6bbaa7965c7808bbff1a91"},
  };
  for (const HmacCase& c : cases) EXPECT_EQ(to_hex(hmac_sha1(as_bytes(c.key), as_bytes(c.data))), c.digest);
}

TEST(Hmac, sha256_vectors_of_rfc_4231) {
  const HmacCase cases[] = {
      {std::string(20, '\x0b'), "Hi There", "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"},
      {"Jefe", "what do ya want for nothing?", "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"},
      {std::string(131, '\xaa'), "Test Using Larger Than Block-Size Key - Hash Key First",
       "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"},
  };
  for (const HmacCase& c : cases) EXPECT_EQ(to_hex(hmac_sha256(as_bytes(c.key), as_bytes(c.data))), c.digest);
}

TEST(Hmac, parts_count_as_one_message_and_the_key_is_reusable) {
  HmacSha1 hmac(as_bytes("Jefe"));
  Sha1Digest whole = hmac(as_bytes("what do ya want for nothing?"));
  EXPECT_EQ(hmac({as_bytes("what do ya "), {}, as_bytes("want for nothing?")}), whole);
  EXPECT_EQ(hmac(as_bytes("what do ya want for nothing?")), whole);
  EXPECT_EQ(HmacSha1()(as_bytes("x")), hmac_sha1({}, as_bytes("x")));
}

TEST(Base64, vectors_of_rfc_4648) {
  const std::pair<std::string_view, std::string_view> cases[] = {{"", ""},
                                                                 {"f", "Zg=="},
                                                                 {"fo", "Zm8="},
                                                                 {"foo", "Zm9v"},
                                                                 {"foob", "Zm9vYg=="},
                                                                 {"fooba", "Zm9vYmE="},
                                                                 {"foobar", "Zm9vYmFy"}};
  for (auto [plain, encoded] : cases) {
    EXPECT_EQ(base64_encode(as_bytes(plain)), encoded);
    auto decoded = base64_decode(encoded);
    ASSERT_TRUE(decoded) << encoded;
    EXPECT_EQ(as_text(*decoded), plain);
  }
}

TEST(Base64, anything_but_the_canonical_form_is_refused) {
  for (std::string_view bad :
       {"Zg=", "Zg", "Zg===", "Z===", "====", "Zh==", "Zm9=", "Zm 9v", "Zm9v\n", "Zm-_", "=m9v", "Zg==Zg=="}) {
    EXPECT_FALSE(base64_decode(bad)) << bad;
  }
}

TEST(SecureRandom, does_not_repeat_itself) {
  SecureRandom random;
  std::set<uint64_t> seen;
  for (int i = 0; i < 1000; ++i) seen.insert(random.u64());
  EXPECT_EQ(seen.size(), 1000u);
}

}  // namespace
}  // namespace limen::crypto
