// Message digests: SHA-1, SHA-256, MD5 (the last only where a protocol's key derivation asks for it,
// such as the long-term credentials of RFC 8489 section 9.2.2). Any thread.
#pragma once
#include <array>
#include <cstdint>
#include <initializer_list>

#include "base/bytes.hpp"

namespace limen::crypto {

using Md5Digest = std::array<uint8_t, 16>;
using Sha1Digest = std::array<uint8_t, 20>;
using Sha256Digest = std::array<uint8_t, 32>;

// The digest of the parts, one after the other.
Md5Digest md5(std::initializer_list<Bytes> parts);
Sha1Digest sha1(std::initializer_list<Bytes> parts);
Sha256Digest sha256(std::initializer_list<Bytes> parts);

inline Md5Digest md5(Bytes bytes) {
  return md5({bytes});
}
inline Sha1Digest sha1(Bytes bytes) {
  return sha1({bytes});
}
inline Sha256Digest sha256(Bytes bytes) {
  return sha256({bytes});
}

}  // namespace limen::crypto
