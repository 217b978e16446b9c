#include "crypto/verify_key.hpp"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/param_build.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

#include <array>
#include <vector>

#include "base/constant_time.hpp"
#include "crypto/hmac.hpp"
#include "crypto/openssl_ptr.hpp"

namespace limen::crypto {
namespace {

using BignumPtr = std::unique_ptr<BIGNUM, OpensslDelete<&BN_free>>;
using ParamBuildPtr = std::unique_ptr<OSSL_PARAM_BLD, OpensslDelete<&OSSL_PARAM_BLD_free>>;
using ParamsPtr = std::unique_ptr<OSSL_PARAM, OpensslDelete<&OSSL_PARAM_free>>;
using KeyCtxPtr = std::unique_ptr<EVP_PKEY_CTX, OpensslDelete<&EVP_PKEY_CTX_free>>;
using DigestCtxPtr = std::unique_ptr<EVP_MD_CTX, OpensslDelete<&EVP_MD_CTX_free>>;
using EcdsaSigPtr = std::unique_ptr<ECDSA_SIG, OpensslDelete<&ECDSA_SIG_free>>;

constexpr size_t kCoordinate = 32;

BignumPtr number(Bytes bytes) {
  return BignumPtr(BN_bin2bn(bytes.data(), static_cast<int>(bytes.size()), nullptr));
}

// A public key out of its parts; null with OpenSSL's error queued.
PkeyPtr key_of(const char* type, OSSL_PARAM_BLD* parts) {
  ParamsPtr params(OSSL_PARAM_BLD_to_param(parts));
  KeyCtxPtr context(EVP_PKEY_CTX_new_from_name(nullptr, type, nullptr));
  EVP_PKEY* made = nullptr;
  if (!params || !context || EVP_PKEY_fromdata_init(context.get()) != 1) return nullptr;
  if (EVP_PKEY_fromdata(context.get(), &made, EVP_PKEY_PUBLIC_KEY, params.get()) != 1) return nullptr;
  return PkeyPtr(made);
}

// Consistent numbers, a point on the curve.
bool sound(EVP_PKEY* key) {
  KeyCtxPtr context(EVP_PKEY_CTX_new_from_pkey(nullptr, key, nullptr));
  return context && EVP_PKEY_public_check(context.get()) == 1;
}

bool is_p256(EVP_PKEY* key) {
  std::array<char, 64> curve{};
  size_t size = 0;
  if (EVP_PKEY_get_utf8_string_param(key, OSSL_PKEY_PARAM_GROUP_NAME, curve.data(), curve.size(), &size) != 1) {
    return false;
  }
  std::string_view name(curve.data(), size);
  return name == "prime256v1" || name == "P-256";
}

// The DER form that OpenSSL wants; empty if it cannot be one.
std::vector<uint8_t> der_signature(Bytes both) {
  if (both.size() != 2 * kCoordinate) return {};
  EcdsaSigPtr signature(ECDSA_SIG_new());
  BignumPtr r = number(both.first(kCoordinate));
  BignumPtr s = number(both.subspan(kCoordinate));
  if (!signature || !r || !s || ECDSA_SIG_set0(signature.get(), r.get(), s.get()) != 1) return {};
  static_cast<void>(r.release());  // the signature owns them now
  static_cast<void>(s.release());
  uint8_t* der = nullptr;
  int size = i2d_ECDSA_SIG(signature.get(), &der);
  if (size <= 0) return {};
  std::vector<uint8_t> out(der, der + size);
  OPENSSL_free(der);
  return out;
}

bool verify_with(EVP_PKEY* key, Bytes message, Bytes signature) {
  DigestCtxPtr context(EVP_MD_CTX_new());
  bool good = context && EVP_DigestVerifyInit(context.get(), nullptr, EVP_sha256(), nullptr, key) == 1 &&
              EVP_DigestVerify(context.get(), signature.data(), signature.size(), message.data(), message.size()) == 1;
  ERR_clear_error();
  return good;
}

PkeyPtr read_pem(std::string_view pem) {
  BioPtr text(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  if (!text) return nullptr;
  if (PkeyPtr key{PEM_read_bio_PUBKEY(text.get(), nullptr, nullptr, nullptr)}) return key;
  ERR_clear_error();
  BioPtr again(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  X509Ptr certificate(again ? PEM_read_bio_X509(again.get(), nullptr, nullptr, nullptr) : nullptr);
  return certificate ? PkeyPtr(X509_get_pubkey(certificate.get())) : nullptr;
}

}  // namespace

struct VerifyKey::State {
  std::vector<uint8_t> secret;
  PkeyPtr key;
  ~State() { OPENSSL_cleanse(secret.data(), secret.size()); }
};

std::string_view name_of(SignatureAlgorithm algorithm) {
  switch (algorithm) {
    case SignatureAlgorithm::hs256:
      return "HS256";
    case SignatureAlgorithm::rs256:
      return "RS256";
    case SignatureAlgorithm::es256:
      return "ES256";
  }
  return "";
}

VerifyKey::VerifyKey(SignatureAlgorithm algorithm, std::unique_ptr<State> state)
    : algorithm_(algorithm), state_(std::move(state)) {}
VerifyKey::VerifyKey(VerifyKey&&) noexcept = default;
VerifyKey& VerifyKey::operator=(VerifyKey&&) noexcept = default;
VerifyKey::~VerifyKey() = default;

Result<VerifyKey> VerifyKey::from_secret(Bytes secret) {
  if (secret.size() < kShortestSecret) {
    return fail("a secret for HS256 has at least {} bytes, this one {}", kShortestSecret, secret.size());
  }
  auto state = std::make_unique<State>();
  state->secret.assign(secret.begin(), secret.end());
  return VerifyKey(SignatureAlgorithm::hs256, std::move(state));
}

Result<VerifyKey> VerifyKey::from_rsa(Bytes modulus, Bytes exponent) {
  while (!modulus.empty() && modulus.front() == 0) modulus = modulus.subspan(1);
  if (modulus.size() < kShortestModulus || modulus.size() > 1024) {
    return fail("an RSA key for RS256 has 2048 to 8192 bits, this one {}", modulus.size() * 8);
  }
  if (exponent.empty() || exponent.size() > 8) return fail("the RSA key's exponent is not usable");
  BignumPtr n = number(modulus);
  BignumPtr e = number(exponent);
  ParamBuildPtr parts(OSSL_PARAM_BLD_new());
  if (!n || !e || !parts || OSSL_PARAM_BLD_push_BN(parts.get(), OSSL_PKEY_PARAM_RSA_N, n.get()) != 1 ||
      OSSL_PARAM_BLD_push_BN(parts.get(), OSSL_PKEY_PARAM_RSA_E, e.get()) != 1) {
    return fail("RSA key: {}", take_openssl_error());
  }
  auto state = std::make_unique<State>();
  state->key = key_of("RSA", parts.get());
  if (!state->key || !sound(state->key.get())) return fail("RSA key: {}", take_openssl_error());
  return VerifyKey(SignatureAlgorithm::rs256, std::move(state));
}

Result<VerifyKey> VerifyKey::from_p256(Bytes x, Bytes y) {
  if (x.size() != kCoordinate || y.size() != kCoordinate) {
    return fail("a P-256 key has coordinates of {} bytes, this one of {} and {}", kCoordinate, x.size(), y.size());
  }
  std::vector<uint8_t> point{0x04};  // uncompressed
  point.insert(point.end(), x.begin(), x.end());
  point.insert(point.end(), y.begin(), y.end());
  ParamBuildPtr parts(OSSL_PARAM_BLD_new());
  if (!parts || OSSL_PARAM_BLD_push_utf8_string(parts.get(), OSSL_PKEY_PARAM_GROUP_NAME, "P-256", 0) != 1 ||
      OSSL_PARAM_BLD_push_octet_string(parts.get(), OSSL_PKEY_PARAM_PUB_KEY, point.data(), point.size()) != 1) {
    return fail("P-256 key: {}", take_openssl_error());
  }
  auto state = std::make_unique<State>();
  state->key = key_of("EC", parts.get());
  if (!state->key || !sound(state->key.get())) return fail("P-256 key: {}", take_openssl_error());
  return VerifyKey(SignatureAlgorithm::es256, std::move(state));
}

Result<VerifyKey> VerifyKey::from_pem(std::string_view pem) {
  auto state = std::make_unique<State>();
  state->key = read_pem(pem);
  if (!state->key) return fail("no public key or certificate in PEM: {}", take_openssl_error());
  ERR_clear_error();
  EVP_PKEY* key = state->key.get();
  if (EVP_PKEY_is_a(key, "EC") == 1 && is_p256(key)) {
    return VerifyKey(SignatureAlgorithm::es256, std::move(state));
  }
  if (EVP_PKEY_is_a(key, "RSA") == 1 && EVP_PKEY_get_bits(key) >= static_cast<int>(kShortestModulus * 8)) {
    return VerifyKey(SignatureAlgorithm::rs256, std::move(state));
  }
  return fail("the public key is neither RSA with 2048 bits or more nor P-256");
}

bool VerifyKey::verify(Bytes message, Bytes signature) const {
  switch (algorithm_) {
    case SignatureAlgorithm::hs256:
      return constant_time_equal(as_text(hmac_sha256(state_->secret, message)), as_text(signature));
    case SignatureAlgorithm::rs256:
      return verify_with(state_->key.get(), message, signature);
    case SignatureAlgorithm::es256: {
      std::vector<uint8_t> der = der_signature(signature);
      return !der.empty() && verify_with(state_->key.get(), message, der);
    }
  }
  return false;
}

}  // namespace limen::crypto
