// AES-GCM for SRTP (RFC 7714) on OpenSSL's EVP; the key schedule is made once.
#include "crypto/openssl_ptr.hpp"
#include "crypto/srtp_ciphers_internal.hpp"
#include "crypto/srtp_iv.hpp"

namespace limen::crypto {
namespace {

constexpr int kTag = 16;

class OpensslGcmCipher final : public SrtpCipher {
 public:
  OpensslGcmCipher(SrtpProfile profile, const SrtpSessionKeys& keys, SrtpKind kind, CipherCtxPtr context)
      : SrtpCipher(profile, kind, SrtpBackend::openssl), context_(std::move(context)), salt_(keys.salt) {}

  bool protect_rtp(uint8_t* packet, size_t size, size_t header_size, uint32_t ssrc, uint64_t index) override {
    return seal({packet, header_size}, {}, packet + header_size, size - header_size, ssrc, index);
  }
  bool unprotect_rtp(uint8_t* packet, size_t size, size_t header_size, uint32_t ssrc, uint64_t index) override {
    return open({packet, header_size}, {}, packet + header_size, size - header_size - kTag, ssrc, index);
  }
  bool protect_rtcp(uint8_t* packet, size_t size, uint32_t ssrc, uint32_t index) override {
    uint8_t* word = packet + size + kTag;
    store_u32(word, kSrtcpEncrypted | index);
    return seal({packet, kRtcpClearSize}, {word, 4}, packet + kRtcpClearSize, size - kRtcpClearSize, ssrc, index);
  }
  bool unprotect_rtcp(uint8_t* packet, size_t size, uint32_t ssrc, uint32_t index) override {
    return open({packet, kRtcpClearSize}, {packet + size - 4, 4}, packet + kRtcpClearSize,
                size - kRtcpClearSize - kTag - 4, ssrc, index);
  }

 private:
  bool begin(Bytes aad, Bytes more_aad, bool encrypt, uint32_t ssrc, uint64_t index) {
    auto iv = gcm_iv(salt_, ssrc, index);
    return EVP_CipherInit_ex(context_.get(), nullptr, nullptr, nullptr, iv.data(), encrypt ? 1 : 0) == 1 &&
           update(nullptr, aad) && (more_aad.empty() || update(nullptr, more_aad));
  }
  bool update(uint8_t* out, Bytes in) {
    int written = 0;
    return EVP_CipherUpdate(context_.get(), out, &written, in.data(), static_cast<int>(in.size())) == 1;
  }
  bool finish(uint8_t* end) {
    int written = 0;
    return EVP_CipherFinal_ex(context_.get(), end, &written) == 1;
  }
  bool seal(Bytes aad, Bytes more_aad, uint8_t* bytes, size_t size, uint32_t ssrc, uint64_t index) {
    return begin(aad, more_aad, true, ssrc, index) && (size == 0 || update(bytes, {bytes, size})) &&
           finish(bytes + size) && EVP_CIPHER_CTX_ctrl(context_.get(), EVP_CTRL_AEAD_GET_TAG, kTag, bytes + size) == 1;
  }
  bool open(Bytes aad, Bytes more_aad, uint8_t* bytes, size_t size, uint32_t ssrc, uint64_t index) {
    return begin(aad, more_aad, false, ssrc, index) && (size == 0 || update(bytes, {bytes, size})) &&
           EVP_CIPHER_CTX_ctrl(context_.get(), EVP_CTRL_AEAD_SET_TAG, kTag, bytes + size) == 1 && finish(bytes + size);
  }

  CipherCtxPtr context_;
  std::array<uint8_t, kMaxSrtpSalt> salt_;
};

}  // namespace

std::unique_ptr<SrtpCipher> make_openssl_gcm_cipher(SrtpProfile profile, const SrtpSessionKeys& keys, SrtpKind kind) {
  CipherCtxPtr context(EVP_CIPHER_CTX_new());
  const EVP_CIPHER* cipher = srtp_key_size(profile) == 32 ? EVP_aes_256_gcm() : EVP_aes_128_gcm();
  if (!context || EVP_EncryptInit_ex(context.get(), cipher, nullptr, keys.key.data(), nullptr) != 1) return nullptr;
  return std::make_unique<OpensslGcmCipher>(profile, keys, kind, std::move(context));
}

}  // namespace limen::crypto
