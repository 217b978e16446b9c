// AES-CM with HMAC-SHA1 (RFC 3711 sections 4.1.1 and 4.2.1). Internal to crypto/.
//
// Single packets always take OpenSSL: HMAC-SHA1 gains from libipsec-mb only when many packets fill
// its lanes (srtp_batch_engine.cpp), for which this cipher exposes its keys.
#pragma once
#include "crypto/hmac.hpp"
#include "crypto/openssl_ptr.hpp"
#include "crypto/srtp_ciphers_internal.hpp"

namespace limen::crypto {

class CounterModeCipher final : public SrtpCipher {
 public:
  CounterModeCipher(SrtpProfile profile, const SrtpSessionKeys& keys, SrtpKind kind, SrtpBackend backend,
                    CipherCtxPtr context);

  bool protect_rtp(uint8_t* packet, size_t size, size_t header_size, uint32_t ssrc, uint64_t index) override;
  bool unprotect_rtp(uint8_t* packet, size_t size, size_t header_size, uint32_t ssrc, uint64_t index) override;
  bool protect_rtcp(uint8_t* packet, size_t size, uint32_t ssrc, uint32_t index) override;
  bool unprotect_rtcp(uint8_t* packet, size_t size, uint32_t ssrc, uint32_t index) override;

  const HmacSha1& hmac() const { return hmac_; }
  const std::array<uint8_t, kMaxSrtpSalt>& salt() const { return salt_; }
  // Round keys as libipsec-mb wants them; all zero unless the backend is ipsec_mb.
  const uint8_t* round_keys() const { return round_keys_.data(); }

 private:
  bool crypt(uint8_t* bytes, size_t size, uint32_t ssrc, uint64_t index);

  CipherCtxPtr context_;
  HmacSha1 hmac_;
  std::array<uint8_t, kMaxSrtpSalt> salt_;
  alignas(16) std::array<uint8_t, 11 * 16> round_keys_{};
};

}  // namespace limen::crypto
