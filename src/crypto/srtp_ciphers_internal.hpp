// The implementations behind SrtpCipher::create. Internal to crypto/.
#pragma once
#include <memory>

#include "crypto/srtp_cipher.hpp"

namespace limen::crypto {

std::unique_ptr<SrtpCipher> make_counter_mode_cipher(SrtpProfile profile, const SrtpSessionKeys& keys, SrtpKind kind,
                                                     SrtpBackend backend);
std::unique_ptr<SrtpCipher> make_openssl_gcm_cipher(SrtpProfile profile, const SrtpSessionKeys& keys, SrtpKind kind);
// Only if srtp_backend_available(SrtpBackend::ipsec_mb).
std::unique_ptr<SrtpCipher> make_ipsec_mb_gcm_cipher(SrtpProfile profile, const SrtpSessionKeys& keys, SrtpKind kind);

inline constexpr size_t kRtcpClearSize = 8;  // header and sender SSRC stay readable
inline constexpr uint32_t kSrtcpEncrypted = 0x80000000;

// No early exit: the time must not say how much of a tag is right.
inline bool tags_equal(const uint8_t* a, const uint8_t* b, size_t size) {
  unsigned difference = 0;
  for (size_t i = 0; i < size; ++i) difference |= static_cast<unsigned>(a[i] ^ b[i]);
  return difference == 0;
}

}  // namespace limen::crypto
