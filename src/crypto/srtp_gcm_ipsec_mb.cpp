// AES-GCM for SRTP (RFC 7714) on libipsec-mb's direct calls: no job, no state but the key's.
#include "crypto/ipsec_mb.hpp"
#include "crypto/srtp_ciphers_internal.hpp"
#include "crypto/srtp_iv.hpp"

namespace limen::crypto {

#ifdef LIMEN_HAVE_IPSEC_MB

namespace {

constexpr size_t kTag = 16;

class IpsecMbGcmCipher final : public SrtpCipher {
 public:
  IpsecMbGcmCipher(SrtpProfile profile, const SrtpSessionKeys& keys, SrtpKind kind)
      : SrtpCipher(profile, kind, SrtpBackend::ipsec_mb), salt_(keys.salt) {
    const IMB_MGR* functions = ipsec_mb_functions();
    bool long_key = srtp_key_size(profile) == 32;
    encrypt_ = long_key ? functions->gcm256_enc : functions->gcm128_enc;
    decrypt_ = long_key ? functions->gcm256_dec : functions->gcm128_dec;
    (long_key ? functions->gcm256_pre : functions->gcm128_pre)(keys.key.data(), &key_);
  }

  bool protect_rtp(uint8_t* packet, size_t size, size_t header_size, uint32_t ssrc, uint64_t index) override {
    auto iv = gcm_iv(salt_, ssrc, index);
    gcm_context_data context;
    uint8_t* payload = packet + header_size;
    encrypt_(&key_, &context, payload, payload, size - header_size, iv.data(), packet, header_size, packet + size,
             kTag);
    return true;
  }
  bool unprotect_rtp(uint8_t* packet, size_t size, size_t header_size, uint32_t ssrc, uint64_t index) override {
    return open({packet, header_size}, packet + header_size, size - header_size - kTag, ssrc, index);
  }
  bool protect_rtcp(uint8_t* packet, size_t size, uint32_t ssrc, uint32_t index) override {
    auto iv = gcm_iv(salt_, ssrc, index);
    gcm_context_data context;
    store_u32(packet + size + kTag, kSrtcpEncrypted | index);
    auto aad = rtcp_aad(packet, packet + size + kTag);
    uint8_t* body = packet + kRtcpClearSize;
    encrypt_(&key_, &context, body, body, size - kRtcpClearSize, iv.data(), aad.data(), aad.size(), packet + size,
             kTag);
    return true;
  }
  bool unprotect_rtcp(uint8_t* packet, size_t size, uint32_t ssrc, uint32_t index) override {
    auto aad = rtcp_aad(packet, packet + size - 4);
    return open(aad, packet + kRtcpClearSize, size - kRtcpClearSize - kTag - 4, ssrc, index);
  }

 private:
  static std::array<uint8_t, kRtcpClearSize + 4> rtcp_aad(const uint8_t* packet, const uint8_t* word) {
    std::array<uint8_t, kRtcpClearSize + 4> aad;
    std::memcpy(aad.data(), packet, kRtcpClearSize);
    std::memcpy(aad.data() + kRtcpClearSize, word, 4);
    return aad;
  }
  // The tag lies behind the `size` bytes.
  bool open(Bytes aad, uint8_t* bytes, size_t size, uint32_t ssrc, uint64_t index) {
    auto iv = gcm_iv(salt_, ssrc, index);
    gcm_context_data context;
    uint8_t tag[kTag];
    decrypt_(&key_, &context, bytes, bytes, size, iv.data(), aad.data(), aad.size(), tag, kTag);
    return tags_equal(tag, bytes + size, kTag);
  }

  aes_gcm_enc_dec_t encrypt_;
  aes_gcm_enc_dec_t decrypt_;
  std::array<uint8_t, kMaxSrtpSalt> salt_;
  alignas(64) gcm_key_data key_;
};

}  // namespace

std::unique_ptr<SrtpCipher> make_ipsec_mb_gcm_cipher(SrtpProfile profile, const SrtpSessionKeys& keys, SrtpKind kind) {
  return std::make_unique<IpsecMbGcmCipher>(profile, keys, kind);
}

#else

std::unique_ptr<SrtpCipher> make_ipsec_mb_gcm_cipher(SrtpProfile, const SrtpSessionKeys&, SrtpKind) {
  return nullptr;
}

#endif

}  // namespace limen::crypto
