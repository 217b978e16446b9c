#include <algorithm>

#include "crypto/openssl_ptr.hpp"
#include "crypto/srtp_cipher.hpp"

namespace limen::crypto {
namespace {

constexpr size_t kBlock = 16;

// RFC 3711 section 4.3.1: the label is xored into the salt above 48 zero bits (key_derivation_rate
// is 0), and the key stream of AES-CM from there is the session key.
bool derive(EVP_CIPHER_CTX* context, const SrtpMasterKey& master, uint8_t label, MutableBytes out) {
  std::array<uint8_t, kBlock> iv{};
  std::ranges::copy(master.salt, iv.begin());
  iv[7] ^= label;
  std::ranges::fill(out, uint8_t{0});
  int written = 0;
  return EVP_EncryptInit_ex(context, nullptr, nullptr, nullptr, iv.data()) == 1 &&
         EVP_EncryptUpdate(context, out.data(), &written, out.data(), static_cast<int>(out.size())) == 1;
}

}  // namespace

std::string_view srtp_profile_name(SrtpProfile profile) {
  switch (profile) {
    case SrtpProfile::none:
      return "none";
    case SrtpProfile::aes128_cm_sha1_80:
      return "SRTP_AES128_CM_SHA1_80";
    case SrtpProfile::aes128_cm_sha1_32:
      return "SRTP_AES128_CM_SHA1_32";
    case SrtpProfile::aead_aes_128_gcm:
      return "SRTP_AEAD_AES_128_GCM";
    case SrtpProfile::aead_aes_256_gcm:
      return "SRTP_AEAD_AES_256_GCM";
  }
  return "none";
}

std::optional<SrtpSessionKeys> derive_srtp_keys(SrtpProfile profile, const SrtpMasterKey& master, SrtpKind kind) {
  CipherCtxPtr context(EVP_CIPHER_CTX_new());
  const EVP_CIPHER* cipher = srtp_key_size(profile) == 32 ? EVP_aes_256_ctr() : EVP_aes_128_ctr();
  if (!context || EVP_EncryptInit_ex(context.get(), cipher, nullptr, master.key.data(), nullptr) != 1) {
    return std::nullopt;
  }
  // The master salt of the AEAD profiles is 96 bits, extended with zeros (RFC 7714 section 11).
  SrtpMasterKey padded = master;
  std::fill(padded.salt.begin() + static_cast<std::ptrdiff_t>(srtp_salt_size(profile)), padded.salt.end(), uint8_t{0});
  SrtpSessionKeys keys;
  uint8_t first_label = kind == SrtpKind::rtp ? 0 : 3;
  bool ok = derive(context.get(), padded, first_label, MutableBytes(keys.key).first(srtp_key_size(profile)));
  if (!is_aead(profile)) ok = ok && derive(context.get(), padded, first_label + 1, keys.auth);
  ok = ok && derive(context.get(), padded, first_label + 2, MutableBytes(keys.salt).first(srtp_salt_size(profile)));
  if (!ok) return std::nullopt;
  return keys;
}

}  // namespace limen::crypto
