#include "crypto/dtls_keys.hpp"

#include <openssl/crypto.h>
#include <openssl/srtp.h>

#include <algorithm>

namespace limen::crypto {
namespace {

SrtpProfile profile_of(unsigned long id) {
  switch (id) {
    case SRTP_AES128_CM_SHA1_80:
      return SrtpProfile::aes128_cm_sha1_80;
    case SRTP_AES128_CM_SHA1_32:
      return SrtpProfile::aes128_cm_sha1_32;
    case SRTP_AEAD_AES_128_GCM:
      return SrtpProfile::aead_aes_128_gcm;
    case SRTP_AEAD_AES_256_GCM:
      return SrtpProfile::aead_aes_256_gcm;
    default:
      return SrtpProfile::none;
  }
}

}  // namespace

Result<SrtpKeyingMaterial> export_srtp_keys(SSL* ssl, bool client) {
  const SRTP_PROTECTION_PROFILE* selected = SSL_get_selected_srtp_profile(ssl);
  SrtpKeyingMaterial out;
  if (selected == nullptr) return out;
  out.profile = profile_of(selected->id);
  size_t key = srtp_key_size(out.profile), salt = srtp_salt_size(out.profile);
  std::array<uint8_t, 2 * (kMaxSrtpKey + kMaxSrtpSalt)> block{};
  constexpr std::string_view kLabel = "EXTRACTOR-dtls_srtp";
  if (SSL_export_keying_material(ssl, block.data(), 2 * (key + salt), kLabel.data(), kLabel.size(), nullptr, 0, 0) !=
      1) {
    return fail("Cannot export the SRTP keys: {}", take_openssl_error());
  }
  // Client key, server key, client salt, server salt.
  SrtpMasterKey& of_client = client ? out.local : out.remote;
  SrtpMasterKey& of_server = client ? out.remote : out.local;
  std::copy_n(block.begin(), key, of_client.key.begin());
  std::copy_n(block.begin() + static_cast<std::ptrdiff_t>(key), key, of_server.key.begin());
  std::copy_n(block.begin() + static_cast<std::ptrdiff_t>(2 * key), salt, of_client.salt.begin());
  std::copy_n(block.begin() + static_cast<std::ptrdiff_t>(2 * key + salt), salt, of_server.salt.begin());
  OPENSSL_cleanse(block.data(), block.size());
  return out;
}

}  // namespace limen::crypto
