// rooms: rtc
// libs: PkgConfig::SRTP2
//
// SRTP per packet of 1,100 bytes of payload: ours on each backend, one by one and in batches, beside
// libsrtp2. What counts is a fan-out: the same packet to 100 receivers with their own keys.
#include <benchmark/benchmark.h>
#include <srtp2/srtp.h>

#include <cstdlib>
#include <vector>

#include "rtc/srtp/srtp_batch.hpp"
#include "rtc/srtp/srtp_session.hpp"
#include "tests/support/seeded_random.hpp"

namespace limen::rtc {
namespace {

using crypto::SrtpBackend;
using crypto::SrtpMasterKey;
using crypto::SrtpProfile;

constexpr size_t kPayload = 1100;
constexpr size_t kReceivers = 100;
constexpr SrtpProfile kProfiles[] = {SrtpProfile::aes128_cm_sha1_80, SrtpProfile::aead_aes_128_gcm,
                                     SrtpProfile::aead_aes_256_gcm};

SrtpMasterKey master_key(uint64_t seed) {
  test::SeededRandom random(seed);
  SrtpMasterKey out;
  random.fill(out.key);
  random.fill(out.salt);
  return out;
}

std::vector<uint8_t> make_packet() {
  std::vector<uint8_t> packet(12 + kPayload, 0x5a);
  packet[0] = 0x80;
  packet[1] = 96;
  return packet;
}

bool prepare(benchmark::State& state, SrtpBackend backend) {
  if (crypto::srtp_backend_available(backend)) return true;
  state.SkipWithError("backend not usable on this machine");
  return false;
}

void name(benchmark::State& state, SrtpProfile profile) {
  state.SetItemsProcessed(state.iterations() * static_cast<int64_t>(kReceivers));
  state.SetLabel(std::string(crypto::srtp_profile_name(profile)));
}

void protect_singly(benchmark::State& state) {
  SrtpProfile profile = kProfiles[state.range(0)];
  auto backend = static_cast<SrtpBackend>(state.range(1));
  if (!prepare(state, backend)) return;
  std::vector<SrtpSender> senders;
  for (uint64_t i = 0; i < kReceivers; ++i) senders.emplace_back(profile, master_key(i), backend);
  auto plain = make_packet();
  TxQueue queue;
  uint16_t sequence = 0;
  for (auto _ : state) {
    store_u16(&plain[2], ++sequence);
    for (SrtpSender& sender : senders) {
      MutableBytes room = queue.reserve(plain.size() + 16);
      std::memcpy(room.data(), plain.data(), plain.size());
      size_t size = plain.size();
      if (sender.protect_rtp(room, size) != SrtpStatus::ok) std::abort();
      queue.commit({}, size);
    }
    queue.clear();
  }
  name(state, profile);
}

void protect_in_batches(benchmark::State& state) {
  SrtpProfile profile = kProfiles[state.range(0)];
  auto backend = static_cast<SrtpBackend>(state.range(1));
  if (!prepare(state, backend)) return;
  std::vector<SrtpSender> senders;
  for (uint64_t i = 0; i < kReceivers; ++i) senders.emplace_back(profile, master_key(i), backend);
  auto plain = make_packet();
  TxQueue queue;
  SrtpBatch batch(backend);
  uint16_t sequence = 0;
  for (auto _ : state) {
    store_u16(&plain[2], ++sequence);
    for (SrtpSender& sender : senders) {
      MutableBytes room = queue.reserve(plain.size() + 16);
      std::memcpy(room.data(), plain.data(), plain.size());
      size_t size = plain.size();
      if (batch.submit(sender, queue, room, size) != SrtpStatus::ok) std::abort();
      queue.commit({}, size);
    }
    if (!batch.flush(queue)) std::abort();
    queue.clear();
  }
  name(state, profile);
}

void unprotect(benchmark::State& state) {
  SrtpProfile profile = kProfiles[state.range(0)];
  auto backend = static_cast<SrtpBackend>(state.range(1));
  if (!prepare(state, backend)) return;
  SrtpSender sender(profile, master_key(1), backend);
  SrtpReceiver receiver(profile, master_key(1), backend);
  uint16_t sequence = 0;
  std::vector<std::vector<uint8_t>> packets(kReceivers);
  for (auto _ : state) {
    state.PauseTiming();
    for (auto& packet : packets) {
      packet = make_packet();
      store_u16(&packet[2], ++sequence);
      size_t size = packet.size();
      packet.resize(size + 16);
      if (sender.protect_rtp(packet, size) != SrtpStatus::ok) std::abort();
      packet.resize(size);
    }
    state.ResumeTiming();
    for (auto& packet : packets) {
      size_t size = 0;
      if (receiver.unprotect_rtp(packet, size) != SrtpStatus::ok) std::abort();
    }
  }
  name(state, profile);
}

void set_policy(SrtpProfile profile, srtp_policy_t& policy) {
  if (profile == SrtpProfile::aes128_cm_sha1_80) {
    srtp_crypto_policy_set_aes_cm_128_hmac_sha1_80(&policy.rtp);
  } else if (profile == SrtpProfile::aead_aes_128_gcm) {
    srtp_crypto_policy_set_aes_gcm_128_16_auth(&policy.rtp);
  } else {
    srtp_crypto_policy_set_aes_gcm_256_16_auth(&policy.rtp);
  }
  policy.rtcp = policy.rtp;
  policy.ssrc.type = ssrc_any_outbound;
  policy.window_size = 128;
}

void libsrtp_protect(benchmark::State& state) {
  SrtpProfile profile = kProfiles[state.range(0)];
  srtp_init();
  std::vector<srtp_t> sessions(kReceivers);
  for (uint64_t i = 0; i < kReceivers; ++i) {
    srtp_policy_t policy{};
    set_policy(profile, policy);
    SrtpMasterKey master = master_key(i);
    std::vector<uint8_t> key(master.key.begin(), master.key.begin() + crypto::srtp_key_size(profile));
    key.insert(key.end(), master.salt.begin(), master.salt.begin() + crypto::srtp_salt_size(profile));
    policy.key = key.data();
    if (srtp_create(&sessions[i], &policy) != srtp_err_status_ok) std::abort();
  }
  auto plain = make_packet();
  std::vector<uint8_t> room(2000);
  uint16_t sequence = 0;
  for (auto _ : state) {
    store_u16(&plain[2], ++sequence);
    for (srtp_t session : sessions) {
      std::memcpy(room.data(), plain.data(), plain.size());
      int size = static_cast<int>(plain.size());
      if (srtp_protect(session, room.data(), &size) != srtp_err_status_ok) std::abort();
    }
  }
  for (srtp_t session : sessions) srtp_dealloc(session);
  name(state, profile);
}

constexpr int kOpenssl = static_cast<int>(SrtpBackend::openssl), kIpsecMb = static_cast<int>(SrtpBackend::ipsec_mb);
BENCHMARK(protect_singly)->ArgNames({"profile", "backend"})->ArgsProduct({{0, 1, 2}, {kOpenssl, kIpsecMb}});
BENCHMARK(protect_in_batches)->ArgNames({"profile", "backend"})->ArgsProduct({{0, 1, 2}, {kIpsecMb}});
BENCHMARK(unprotect)->ArgNames({"profile", "backend"})->ArgsProduct({{0, 1, 2}, {kOpenssl, kIpsecMb}});
BENCHMARK(libsrtp_protect)->ArgNames({"profile"})->ArgsProduct({{0, 1, 2}});

}  // namespace
}  // namespace limen::rtc
