// SrtpCipher: encrypts and authenticates packets with one set of SRTP session keys.
//
// Knows nothing of SSRC state: the caller says the index. Two implementations chosen at run time:
// OpenSSL everywhere, libipsec-mb where it is built in and the CPU has AVX2/AVX-512 with AES; their
// output is identical. RFC 3711 (AES-CM, HMAC-SHA1, key derivation), RFC 7714 (AES-GCM).
// Calls on one cipher must not overlap; different ciphers on any threads.
#pragma once
#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "base/bytes.hpp"
#include "crypto/srtp_profile.hpp"

namespace limen::crypto {

enum class SrtpBackend : uint8_t { automatic, openssl, ipsec_mb };

// Whether `backend` can be used here (built in, and the CPU has what it needs).
bool srtp_backend_available(SrtpBackend backend);
// What `automatic` means on this machine.
SrtpBackend preferred_srtp_backend();

enum class SrtpKind : uint8_t { rtp, rtcp };

class SrtpCipher;

// One packet to protect in a batch. For RTP only.
struct SrtpJob {
  SrtpCipher* cipher = nullptr;
  uint32_t offset = 0;       // of the packet, from the base given to flush()
  uint16_t size = 0;         // plain packet; the tag goes right behind
  uint16_t header_size = 0;  // the part that stays readable
  uint32_t ssrc = 0;
  uint64_t index = 0;  // 48 bits: rollover counter and sequence number
};

class SrtpCipher {
 public:
  // Session keys of one kind from the master key. A backend that is not available becomes `openssl`.
  // Null for profile `none`, or if OpenSSL fails.
  static std::unique_ptr<SrtpCipher> create(SrtpProfile profile, const SrtpMasterKey& master, SrtpKind kind,
                                            SrtpBackend backend = SrtpBackend::automatic);
  virtual ~SrtpCipher() = default;
  SrtpCipher(const SrtpCipher&) = delete;
  SrtpCipher& operator=(const SrtpCipher&) = delete;

  // RTP: `size` bytes of packet, of which `header_size` are not encrypted; the tag is written behind.
  // False only if the library fails; nothing may be sent then.
  virtual bool protect_rtp(uint8_t* packet, size_t size, size_t header_size, uint32_t ssrc, uint64_t index) = 0;
  // `size` includes the tag. False if it does not authenticate; the bytes are then undefined.
  virtual bool unprotect_rtp(uint8_t* packet, size_t size, size_t header_size, uint32_t ssrc, uint64_t index) = 0;
  // RTCP: the index word (with the E bit) and the tag are written behind, in the profile's order.
  virtual bool protect_rtcp(uint8_t* packet, size_t size, uint32_t ssrc, uint32_t index) = 0;
  // `size` includes index word and tag; the caller has read the index (srtcp_index_word) from it.
  virtual bool unprotect_rtcp(uint8_t* packet, size_t size, uint32_t ssrc, uint32_t index) = 0;

  SrtpProfile profile() const { return profile_; }
  SrtpBackend backend() const { return backend_; }
  size_t tag_size() const { return tag_size_; }

 protected:
  SrtpCipher(SrtpProfile profile, SrtpKind kind, SrtpBackend backend)
      : profile_(profile),
        backend_(backend),
        tag_size_(kind == SrtpKind::rtp ? srtp_tag_size(profile) : srtcp_tag_size(profile)) {}

 private:
  SrtpProfile profile_;
  SrtpBackend backend_;
  size_t tag_size_;
};

// Collects RTP packets and protects them together: multi-buffer where the ciphers and this machine
// can, one by one otherwise. One thread.
class SrtpBatchEngine {
 public:
  explicit SrtpBatchEngine(SrtpBackend backend = SrtpBackend::automatic);
  ~SrtpBatchEngine();

  void submit(const SrtpJob& job) { jobs_.push_back(job); }
  size_t pending() const { return jobs_.size(); }
  // Protects all submitted packets, which lie at base + offset, and forgets them. `failed` is told
  // the jobs that the library refused (never seen); those must not be sent.
  void flush(uint8_t* base, std::vector<SrtpJob>& failed);

 private:
  struct MultiBuffer;
  std::vector<SrtpJob> jobs_;
  std::vector<SrtpJob> counter_mode_;          // of jobs_, those that multi_buffer_ takes
  std::unique_ptr<MultiBuffer> multi_buffer_;  // null: one by one
};

// Where the SRTCP index word lies: the last four bytes with AEAD (RFC 7714 section 9.2), before the
// tag otherwise (RFC 3711 section 3.4). `packet` must be at least 4 + tag bytes.
inline uint32_t srtcp_index_word(SrtpProfile profile, Bytes packet) {
  size_t behind = is_aead(profile) ? 0 : srtcp_tag_size(profile);
  return load_u32(packet.data() + packet.size() - behind - 4);
}

// RFC 3711 section 4.3: session keys as every backend uses them.
struct SrtpSessionKeys {
  std::array<uint8_t, kMaxSrtpKey> key{};
  std::array<uint8_t, 20> auth{};  // not for AEAD
  std::array<uint8_t, kMaxSrtpSalt> salt{};
};
// Empty only if OpenSSL fails.
std::optional<SrtpSessionKeys> derive_srtp_keys(SrtpProfile profile, const SrtpMasterKey& master, SrtpKind kind);

}  // namespace limen::crypto
