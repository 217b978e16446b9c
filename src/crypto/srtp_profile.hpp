// SRTP protection profiles (RFC 5764 section 4.1.2, RFC 7714 section 14.2) and their keys. Values.
#pragma once
#include <array>
#include <cstdint>
#include <string_view>

#include "base/bytes.hpp"

namespace limen::crypto {

enum class SrtpProfile : uint8_t { none, aes128_cm_sha1_80, aes128_cm_sha1_32, aead_aes_128_gcm, aead_aes_256_gcm };

inline constexpr size_t kMaxSrtpKey = 32;
inline constexpr size_t kMaxSrtpSalt = 14;
// Most that protecting adds to an RTP packet, and to an RTCP packet.
inline constexpr size_t kMaxRtpOverhead = 16;
inline constexpr size_t kMaxRtcpOverhead = 20;

constexpr bool is_aead(SrtpProfile p) {
  return p == SrtpProfile::aead_aes_128_gcm || p == SrtpProfile::aead_aes_256_gcm;
}
constexpr size_t srtp_key_size(SrtpProfile p) {
  if (p == SrtpProfile::none) return 0;
  return p == SrtpProfile::aead_aes_256_gcm ? 32 : 16;
}
constexpr size_t srtp_salt_size(SrtpProfile p) {
  if (p == SrtpProfile::none) return 0;
  return is_aead(p) ? 12 : 14;
}
constexpr size_t srtp_tag_size(SrtpProfile p) {
  if (p == SrtpProfile::none) return 0;
  if (is_aead(p)) return 16;
  return p == SrtpProfile::aes128_cm_sha1_32 ? 4 : 10;
}
// SRTCP keeps the 80-bit tag in the _32 profile too (RFC 5764 section 4.1.2).
constexpr size_t srtcp_tag_size(SrtpProfile p) {
  return p == SrtpProfile::aes128_cm_sha1_32 ? 10 : srtp_tag_size(p);
}

// As reported by the API: "SRTP_AEAD_AES_128_GCM", "SRTP_AES128_CM_SHA1_80", ...; "none".
std::string_view srtp_profile_name(SrtpProfile profile);

// One direction's master key and salt, for the sizes that the profile says.
struct SrtpMasterKey {
  std::array<uint8_t, kMaxSrtpKey> key{};
  std::array<uint8_t, kMaxSrtpSalt> salt{};
};

// What a DTLS-SRTP handshake yields: `local` protects what we send, `remote` what we receive.
struct SrtpKeyingMaterial {
  SrtpProfile profile = SrtpProfile::none;
  SrtpMasterKey local;
  SrtpMasterKey remote;
};

}  // namespace limen::crypto
