#include "crypto/verify_key.hpp"

#include <gtest/gtest.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

#include <vector>

#include "crypto/base64.hpp"
#include "crypto/openssl_ptr.hpp"

namespace limen::crypto {
namespace {

std::vector<uint8_t> bytes(std::string_view base64url) {
  return base64url_decode(base64url).value();
}

// RFC 7515 appendix A.1 and A.3.
constexpr std::string_view kPayload =
    "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ";
constexpr std::string_view kSecret =
    "AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow";
constexpr std::string_view kX = "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU";
constexpr std::string_view kY = "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0";

TEST(VerifyKey, hs256_as_in_rfc_7515) {
  auto key = VerifyKey::from_secret(bytes(kSecret));
  ASSERT_TRUE(key);
  EXPECT_EQ(key->algorithm(), SignatureAlgorithm::hs256);
  std::string input = "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9." + std::string(kPayload);
  auto signature = bytes("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk");
  EXPECT_TRUE(key->verify(as_bytes(input), signature));
  EXPECT_FALSE(key->verify(as_bytes(input + "x"), signature));
  signature.back() ^= 1;
  EXPECT_FALSE(key->verify(as_bytes(input), signature));
  EXPECT_FALSE(key->verify(as_bytes(input), Bytes(signature).first(16)));
  EXPECT_FALSE(key->verify(as_bytes(input), {}));
}

TEST(VerifyKey, es256_as_in_rfc_7515) {
  auto key = VerifyKey::from_p256(bytes(kX), bytes(kY));
  ASSERT_TRUE(key) << key.error().text;
  EXPECT_EQ(key->algorithm(), SignatureAlgorithm::es256);
  std::string input = "eyJhbGciOiJFUzI1NiJ9." + std::string(kPayload);
  auto signature = bytes("DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q");
  EXPECT_TRUE(key->verify(as_bytes(input), signature));
  EXPECT_FALSE(key->verify(as_bytes(input.substr(1)), signature));
  EXPECT_FALSE(key->verify(as_bytes(input), Bytes(signature).first(63)));
  EXPECT_FALSE(key->verify(as_bytes(input), std::vector<uint8_t>(64, 0)));
  EXPECT_FALSE(key->verify(as_bytes(input), std::vector<uint8_t>(64, 255)));
}

TEST(VerifyKey, a_point_off_the_curve_is_no_key) {
  auto y = bytes(kY);
  y.back() ^= 1;
  EXPECT_FALSE(VerifyKey::from_p256(bytes(kX), y));
  EXPECT_FALSE(VerifyKey::from_p256(bytes(kX), Bytes(y).first(31)));
}

TEST(VerifyKey, short_secrets_are_no_keys) {
  EXPECT_FALSE(VerifyKey::from_secret(std::vector<uint8_t>(31, 'a')));
  EXPECT_TRUE(VerifyKey::from_secret(std::vector<uint8_t>(32, 'a')));
}

std::vector<uint8_t> number_of(EVP_PKEY* key, const char* name) {
  BIGNUM* number = nullptr;
  EXPECT_EQ(EVP_PKEY_get_bn_param(key, name, &number), 1);
  std::vector<uint8_t> out(static_cast<size_t>(BN_num_bytes(number)));
  BN_bn2bin(number, out.data());
  BN_free(number);
  return out;
}

std::vector<uint8_t> sign(EVP_PKEY* key, std::string_view message) {
  std::unique_ptr<EVP_MD_CTX, OpensslDelete<&EVP_MD_CTX_free>> context(EVP_MD_CTX_new());
  size_t size = 0;
  EXPECT_EQ(EVP_DigestSignInit(context.get(), nullptr, EVP_sha256(), nullptr, key), 1);
  const auto* text = reinterpret_cast<const uint8_t*>(message.data());
  EXPECT_EQ(EVP_DigestSign(context.get(), nullptr, &size, text, message.size()), 1);
  std::vector<uint8_t> out(size);
  EXPECT_EQ(EVP_DigestSign(context.get(), out.data(), &size, text, message.size()), 1);
  out.resize(size);
  return out;
}

std::string public_pem(EVP_PKEY* key) {
  BioPtr bio(BIO_new(BIO_s_mem()));
  EXPECT_EQ(PEM_write_bio_PUBKEY(bio.get(), key), 1);
  char* text = nullptr;
  long size = BIO_get_mem_data(bio.get(), &text);
  return {text, static_cast<size_t>(size)};
}

TEST(VerifyKey, rs256_from_numbers_and_from_pem) {
  PkeyPtr pair(EVP_RSA_gen(2048));
  auto key =
      VerifyKey::from_rsa(number_of(pair.get(), OSSL_PKEY_PARAM_RSA_N), number_of(pair.get(), OSSL_PKEY_PARAM_RSA_E));
  ASSERT_TRUE(key) << key.error().text;
  EXPECT_EQ(key->algorithm(), SignatureAlgorithm::rs256);
  auto signature = sign(pair.get(), "abc.def");
  EXPECT_TRUE(key->verify(as_bytes("abc.def"), signature));
  EXPECT_FALSE(key->verify(as_bytes("abc.deg"), signature));
  EXPECT_FALSE(key->verify(as_bytes("abc.def"), Bytes(signature).first(255)));
  auto from_pem = VerifyKey::from_pem(public_pem(pair.get()));
  ASSERT_TRUE(from_pem) << from_pem.error().text;
  EXPECT_TRUE(from_pem->verify(as_bytes("abc.def"), signature));
}

TEST(VerifyKey, weak_and_other_keys_are_refused) {
  PkeyPtr small(EVP_RSA_gen(1024));
  EXPECT_FALSE(VerifyKey::from_rsa(number_of(small.get(), OSSL_PKEY_PARAM_RSA_N),
                                   number_of(small.get(), OSSL_PKEY_PARAM_RSA_E)));
  EXPECT_FALSE(VerifyKey::from_pem(public_pem(small.get())));
  PkeyPtr p384(EVP_EC_gen("P-384"));
  EXPECT_FALSE(VerifyKey::from_pem(public_pem(p384.get())));
  PkeyPtr p256(EVP_EC_gen("P-256"));
  EXPECT_TRUE(VerifyKey::from_pem(public_pem(p256.get())));
  EXPECT_FALSE(VerifyKey::from_pem("no PEM at all"));
  EXPECT_FALSE(VerifyKey::from_pem(""));
}

TEST(Base64Url, has_no_padding_and_other_letters) {
  std::vector<uint8_t> data{0xfb, 0xff, 0xbf, 0x01};
  EXPECT_EQ(base64url_encode(data), "-_-_AQ");
  EXPECT_EQ(base64url_decode("-_-_AQ"), data);
  for (std::string_view bad : {"+_-_AQ", "-_-_AQ==", "-_-_A", "-_-_AR", "-_ _AQ"}) {
    EXPECT_FALSE(base64url_decode(bad)) << bad;
  }
}

}  // namespace
}  // namespace limen::crypto
