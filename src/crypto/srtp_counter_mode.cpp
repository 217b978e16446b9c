#include "crypto/srtp_counter_mode.hpp"

#include "crypto/ipsec_mb.hpp"
#include "crypto/srtp_iv.hpp"

namespace limen::crypto {

CounterModeCipher::CounterModeCipher(SrtpProfile profile, const SrtpSessionKeys& keys, SrtpKind kind,
                                     SrtpBackend backend, CipherCtxPtr context)
    : SrtpCipher(profile, kind, backend), context_(std::move(context)), hmac_(Bytes(keys.auth)), salt_(keys.salt) {
  if (backend == SrtpBackend::ipsec_mb) expand_aes_128_key(keys.key.data(), round_keys_.data());
}

bool CounterModeCipher::crypt(uint8_t* bytes, size_t size, uint32_t ssrc, uint64_t index) {
  auto iv = counter_mode_iv(salt_, ssrc, index);
  int written = 0;
  return EVP_EncryptInit_ex(context_.get(), nullptr, nullptr, nullptr, iv.data()) == 1 &&
         EVP_EncryptUpdate(context_.get(), bytes, &written, bytes, static_cast<int>(size)) == 1;
}

bool CounterModeCipher::protect_rtp(uint8_t* packet, size_t size, size_t header_size, uint32_t ssrc, uint64_t index) {
  if (!crypt(packet + header_size, size - header_size, ssrc, index)) return false;
  uint8_t rollover[4];
  store_u32(rollover, static_cast<uint32_t>(index >> 16));
  Sha1Digest tag = hmac_({{packet, size}, rollover});
  std::memcpy(packet + size, tag.data(), tag_size());
  return true;
}

bool CounterModeCipher::unprotect_rtp(uint8_t* packet, size_t size, size_t header_size, uint32_t ssrc, uint64_t index) {
  size_t plain = size - tag_size();
  uint8_t rollover[4];
  store_u32(rollover, static_cast<uint32_t>(index >> 16));
  Sha1Digest tag = hmac_({{packet, plain}, rollover});
  return tags_equal(tag.data(), packet + plain, tag_size()) &&
         crypt(packet + header_size, plain - header_size, ssrc, index);
}

bool CounterModeCipher::protect_rtcp(uint8_t* packet, size_t size, uint32_t ssrc, uint32_t index) {
  if (!crypt(packet + kRtcpClearSize, size - kRtcpClearSize, ssrc, index)) return false;
  store_u32(packet + size, kSrtcpEncrypted | index);
  Sha1Digest tag = hmac_(Bytes(packet, size + 4));
  std::memcpy(packet + size + 4, tag.data(), tag_size());
  return true;
}

bool CounterModeCipher::unprotect_rtcp(uint8_t* packet, size_t size, uint32_t ssrc, uint32_t index) {
  size_t authenticated = size - tag_size();
  Sha1Digest tag = hmac_(Bytes(packet, authenticated));
  return tags_equal(tag.data(), packet + authenticated, tag_size()) &&
         crypt(packet + kRtcpClearSize, authenticated - 4 - kRtcpClearSize, ssrc, index);
}

std::unique_ptr<SrtpCipher> make_counter_mode_cipher(SrtpProfile profile, const SrtpSessionKeys& keys, SrtpKind kind,
                                                     SrtpBackend backend) {
  CipherCtxPtr context(EVP_CIPHER_CTX_new());
  if (!context || EVP_EncryptInit_ex(context.get(), EVP_aes_128_ctr(), nullptr, keys.key.data(), nullptr) != 1) {
    return nullptr;
  }
  return std::make_unique<CounterModeCipher>(profile, keys, kind, backend, std::move(context));
}

}  // namespace limen::crypto
