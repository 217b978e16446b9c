#include <algorithm>
#include <span>

#include "crypto/ipsec_mb.hpp"
#include "crypto/srtp_counter_mode.hpp"
#include "crypto/srtp_iv.hpp"

namespace limen::crypto {

#ifdef LIMEN_HAVE_IPSEC_MB

// AES-CM and HMAC-SHA1 of many packets: two bursts, each of which fills the vector lanes with
// different packets. Synchronous: nothing stays in the manager.
struct SrtpBatchEngine::MultiBuffer {
  static constexpr size_t kBurst = 128;
  static constexpr size_t kSha1Tag = 20;  // the whole digest; shortened while copying

  IpsecMbPtr manager = make_ipsec_mb();
  std::array<IMB_JOB, kBurst> jobs{};
  std::array<std::array<uint8_t, 16>, kBurst> ivs;
  std::array<std::array<uint8_t, kSha1Tag>, kBurst> tags;

  void run(uint8_t* base, std::span<const SrtpJob> batch, std::vector<SrtpJob>& failed) {
    if (!encrypt(base, batch)) {
      for (const SrtpJob& job : batch) one_by_one(base, job, failed);
      return;
    }
    authenticate(base, batch);
  }

  static void one_by_one(uint8_t* base, const SrtpJob& job, std::vector<SrtpJob>& failed) {
    if (!job.cipher->protect_rtp(base + job.offset, job.size, job.header_size, job.ssrc, job.index)) {
      failed.push_back(job);
    }
  }

 private:
  static const CounterModeCipher& cipher_of(const SrtpJob& job) {
    return static_cast<const CounterModeCipher&>(*job.cipher);
  }

  // All or nothing: a burst with an invalid job is refused whole.
  bool encrypt(uint8_t* base, std::span<const SrtpJob> batch) {
    uint32_t count = 0;
    for (const SrtpJob& in : batch) {
      if (in.size == in.header_size) continue;  // the library refuses empty messages
      const CounterModeCipher& cipher = cipher_of(in);
      ivs[count] = counter_mode_iv(cipher.salt(), in.ssrc, in.index);
      IMB_JOB& job = jobs[count];
      job.src = base + in.offset + in.header_size;
      job.dst = base + in.offset + in.header_size;
      job.cipher_start_src_offset_in_bytes = 0;
      job.msg_len_to_cipher_in_bytes = static_cast<uint64_t>(in.size - in.header_size);
      job.enc_keys = cipher.round_keys();
      job.dec_keys = cipher.round_keys();
      job.key_len_in_bytes = IMB_KEY_128_BYTES;
      job.iv = ivs[count].data();
      job.iv_len_in_bytes = 16;
      ++count;
    }
    return count == 0 || IMB_SUBMIT_CIPHER_BURST(manager.get(), jobs.data(), count, IMB_CIPHER_CNTR, IMB_DIR_ENCRYPT,
                                                 IMB_KEY_128_BYTES) == count;
  }

  void authenticate(uint8_t* base, std::span<const SrtpJob> batch) {
    uint32_t count = 0;
    for (const SrtpJob& in : batch) {
      const CounterModeCipher& cipher = cipher_of(in);
      uint8_t* packet = base + in.offset;
      // The rollover counter is hashed behind the packet: it stands where the tag will be.
      store_u32(packet + in.size, static_cast<uint32_t>(in.index >> 16));
      IMB_JOB& job = jobs[count];
      job.src = packet;
      job.hash_start_src_offset_in_bytes = 0;
      job.msg_len_to_hash_in_bytes = in.size + uint64_t{4};
      job.auth_tag_output = tags[count].data();
      job.auth_tag_output_len_in_bytes = kSha1Tag;
      job.u.HMAC._hashed_auth_key_xor_ipad = reinterpret_cast<const uint8_t*>(cipher.hmac().inner().data());
      job.u.HMAC._hashed_auth_key_xor_opad = reinterpret_cast<const uint8_t*>(cipher.hmac().outer().data());
      ++count;
    }
    bool done = IMB_SUBMIT_HASH_BURST(manager.get(), jobs.data(), count, IMB_AUTH_HMAC_SHA_1) == count;
    for (uint32_t i = 0; i < count; ++i) {
      const SrtpJob& in = batch[i];
      uint8_t* packet = base + in.offset;
      if (!done) tags[i] = cipher_of(in).hmac()(Bytes(packet, in.size + size_t{4}));
      std::memcpy(packet + in.size, tags[i].data(), in.cipher->tag_size());
    }
  }
};

#else

struct SrtpBatchEngine::MultiBuffer {
  static constexpr size_t kBurst = 1;
  void run(uint8_t*, std::span<const SrtpJob>, std::vector<SrtpJob>&) {}
};

#endif

SrtpBatchEngine::SrtpBatchEngine(SrtpBackend backend) {
  if (backend == SrtpBackend::openssl || !ipsec_mb_usable()) return;
  multi_buffer_ = std::make_unique<MultiBuffer>();
#ifdef LIMEN_HAVE_IPSEC_MB
  if (!multi_buffer_->manager) multi_buffer_.reset();
#endif
}

SrtpBatchEngine::~SrtpBatchEngine() = default;

void SrtpBatchEngine::flush(uint8_t* base, std::vector<SrtpJob>& failed) {
  for (const SrtpJob& job : jobs_) {
    bool counter_mode = !is_aead(job.cipher->profile()) && job.cipher->backend() == SrtpBackend::ipsec_mb;
    if (multi_buffer_ && counter_mode) {
      counter_mode_.push_back(job);
    } else if (!job.cipher->protect_rtp(base + job.offset, job.size, job.header_size, job.ssrc, job.index)) {
      failed.push_back(job);
    }
  }
  for (size_t done = 0; done < counter_mode_.size(); done += MultiBuffer::kBurst) {
    size_t count = std::min(MultiBuffer::kBurst, counter_mode_.size() - done);
    multi_buffer_->run(base, std::span(counter_mode_).subspan(done, count), failed);
  }
  counter_mode_.clear();
  jobs_.clear();
}

}  // namespace limen::crypto
