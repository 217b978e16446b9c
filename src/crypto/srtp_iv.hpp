// Initialisation vectors of SRTP packets. Internal to crypto/.
#pragma once
#include <array>
#include <cstdint>

#include "base/bytes.hpp"
#include "crypto/srtp_profile.hpp"

namespace limen::crypto {

// RFC 3711 section 4.1.1: (salt << 16) ^ (ssrc << 64) ^ (index << 16). `index` is the 48-bit packet
// index, or the 31-bit SRTCP index.
inline std::array<uint8_t, 16> counter_mode_iv(const std::array<uint8_t, kMaxSrtpSalt>& salt, uint32_t ssrc,
                                               uint64_t index) {
  std::array<uint8_t, 16> iv{};
  std::memcpy(iv.data(), salt.data(), 14);
  store_u32(&iv[4], load_u32(&iv[4]) ^ ssrc);
  store_u64(&iv[8], load_u64(&iv[8]) ^ index << 16);
  return iv;
}

// RFC 7714 sections 8.1 and 9.1: (ssrc << 48 | index) ^ salt, over 96 bits.
inline std::array<uint8_t, 12> gcm_iv(const std::array<uint8_t, kMaxSrtpSalt>& salt, uint32_t ssrc, uint64_t index) {
  std::array<uint8_t, 12> iv;
  std::memcpy(iv.data(), salt.data(), 12);
  store_u32(&iv[2], load_u32(&iv[2]) ^ ssrc);
  store_u16(&iv[6], static_cast<uint16_t>(load_u16(&iv[6]) ^ index >> 32));
  store_u32(&iv[8], load_u32(&iv[8]) ^ static_cast<uint32_t>(index));
  return iv;
}

}  // namespace limen::crypto
