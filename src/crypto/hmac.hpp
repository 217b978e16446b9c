// HMAC (RFC 2104): SHA-1 for STUN's MESSAGE-INTEGRITY, SRTP and signed tokens; SHA-256 for STUN's
// MESSAGE-INTEGRITY-SHA256.
//
// HmacSha1 keeps the two hash states that depend on the key only, so a key used for many messages
// costs its two extra hash blocks once; no allocation. A value; const members from any thread.
#pragma once
#include <array>
#include <cstdint>
#include <initializer_list>

#include "base/bytes.hpp"
#include "crypto/digest.hpp"

namespace limen::crypto {

class HmacSha1 {
 public:
  HmacSha1() : HmacSha1(Bytes{}) {}
  explicit HmacSha1(Bytes key);

  // The parts count as one message, in order (no copy is made).
  Sha1Digest operator()(std::initializer_list<Bytes> parts) const;
  Sha1Digest operator()(Bytes message) const { return (*this)({message}); }

  // Chaining values after the padded key, big-endian words in host order: what a multi-buffer
  // implementation starts from.
  using State = std::array<uint32_t, 5>;
  const State& inner() const { return inner_; }
  const State& outer() const { return outer_; }

 private:
  State inner_;
  State outer_;
};

inline Sha1Digest hmac_sha1(Bytes key, std::initializer_list<Bytes> parts) {
  return HmacSha1(key)(parts);
}
inline Sha1Digest hmac_sha1(Bytes key, Bytes message) {
  return HmacSha1(key)({message});
}

Sha256Digest hmac_sha256(Bytes key, std::initializer_list<Bytes> parts);
inline Sha256Digest hmac_sha256(Bytes key, Bytes message) {
  return hmac_sha256(key, {message});
}

}  // namespace limen::crypto
