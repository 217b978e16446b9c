// UDP ports (base/udp_ports.hpp) and SRTP contexts that media handlers may open on their shard: for
// forwarders, mountpoints and remote publishers. A shard's thread only.
#pragma once
#include <cstdint>
#include <vector>

#include "base/bytes.hpp"
#include "base/udp_ports.hpp"

namespace limen {

// Keys of SRTP without DTLS (SDES-like): AES_CM_128_HMAC_SHA1_80 or _32.
struct SrtpMaterial {
  int suite = 80;                 // 80 or 32: bits of the tag
  std::vector<uint8_t> key = {};  // master key and salt: 16 + 14 bytes
  friend bool operator==(const SrtpMaterial&, const SrtpMaterial&) = default;
};

// RFC 3711, sending side of one key.
class SrtpProtector {
 public:
  virtual ~SrtpProtector() = default;
  static constexpr size_t kMaxGrowth = 32;
  // Encrypts the first `size` bytes in place; the new size, or 0 if it cannot be done. The buffer has
  // kMaxGrowth bytes of room behind them.
  virtual size_t protect_rtp(MutableBytes buffer, size_t size) = 0;
  virtual size_t protect_rtcp(MutableBytes buffer, size_t size) = 0;
};

// Receiving side: authenticates, checks for replays, decrypts in place; 0: not authentic, or replayed.
class SrtpUnprotector {
 public:
  virtual ~SrtpUnprotector() = default;
  virtual size_t unprotect_rtp(MutableBytes packet) = 0;
  virtual size_t unprotect_rtcp(MutableBytes packet) = 0;
};

}  // namespace limen
