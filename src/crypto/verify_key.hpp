// VerifyKey: a key that checks signatures of JSON Web Signatures: HS256, RS256 and ES256 (RFC 7518 section 3).
//
// A key knows the one algorithm it is for, from what it is made of, and verifies nothing else: a signature cannot
// choose how it is checked (RFC 8725 section 3.1). A value; const members from any thread.
#pragma once
#include <cstdint>
#include <memory>
#include <string_view>

#include "base/bytes.hpp"
#include "base/result.hpp"

namespace limen::crypto {

enum class SignatureAlgorithm : uint8_t { hs256, rs256, es256 };
std::string_view name_of(SignatureAlgorithm algorithm);  // "HS256"

class VerifyKey {
 public:
  static constexpr size_t kShortestSecret = 32;    // bytes: as long as the hash (RFC 7518 section 3.2)
  static constexpr size_t kShortestModulus = 256;  // bytes: 2048 bits (RFC 7518 section 3.3)

  static Result<VerifyKey> from_secret(Bytes secret);
  static Result<VerifyKey> from_rsa(Bytes modulus, Bytes exponent);  // big-endian numbers
  static Result<VerifyKey> from_p256(Bytes x, Bytes y);              // 32 bytes each, a point of the curve
  // A public key (SubjectPublicKeyInfo) or certificate: RSA or P-256.
  static Result<VerifyKey> from_pem(std::string_view pem);

  VerifyKey(VerifyKey&&) noexcept;
  VerifyKey& operator=(VerifyKey&&) noexcept;
  ~VerifyKey();

  SignatureAlgorithm algorithm() const { return algorithm_; }
  // ES256 signatures are the two numbers, 32 bytes each (RFC 7518 section 3.4).
  bool verify(Bytes message, Bytes signature) const;

 private:
  struct State;
  VerifyKey(SignatureAlgorithm algorithm, std::unique_ptr<State> state);

  SignatureAlgorithm algorithm_;
  std::unique_ptr<State> state_;
};

}  // namespace limen::crypto
