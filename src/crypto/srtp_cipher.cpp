#include "crypto/srtp_cipher.hpp"

#include "crypto/ipsec_mb.hpp"
#include "crypto/srtp_ciphers_internal.hpp"

namespace limen::crypto {

bool srtp_backend_available(SrtpBackend backend) {
  return backend != SrtpBackend::ipsec_mb || ipsec_mb_usable();
}

SrtpBackend preferred_srtp_backend() {
  return ipsec_mb_usable() ? SrtpBackend::ipsec_mb : SrtpBackend::openssl;
}

std::unique_ptr<SrtpCipher> SrtpCipher::create(SrtpProfile profile, const SrtpMasterKey& master, SrtpKind kind,
                                               SrtpBackend backend) {
  if (profile == SrtpProfile::none) return nullptr;
  auto keys = derive_srtp_keys(profile, master, kind);
  if (!keys) return nullptr;
  if (backend != SrtpBackend::openssl) backend = preferred_srtp_backend();
  if (!is_aead(profile)) return make_counter_mode_cipher(profile, *keys, kind, backend);
  if (backend == SrtpBackend::ipsec_mb) return make_ipsec_mb_gcm_cipher(profile, *keys, kind);
  return make_openssl_gcm_cipher(profile, *keys, kind);
}

}  // namespace limen::crypto
