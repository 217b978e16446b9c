// Our SRTP against libsrtp2, both ways, all profiles and backends.
#include <gtest/gtest.h>
#include <srtp2/srtp.h>

#include <array>
#include <tuple>
#include <vector>

#include "rtc/srtp/srtp_session.hpp"
#include "tests/support/seeded_random.hpp"

namespace limen::rtc {
namespace {

using crypto::SrtpBackend;
using crypto::SrtpMasterKey;
using crypto::SrtpProfile;
using limen::test::SeededRandom;

// One direction of libsrtp2.
class Libsrtp {
 public:
  Libsrtp(SrtpProfile profile, const SrtpMasterKey& master, srtp_ssrc_type_t direction) {
    static const bool initialised = srtp_init() == srtp_err_status_ok;
    EXPECT_TRUE(initialised);
    srtp_policy_t policy{};
    switch (profile) {
      case SrtpProfile::aes128_cm_sha1_80:
        srtp_crypto_policy_set_aes_cm_128_hmac_sha1_80(&policy.rtp);
        srtp_crypto_policy_set_aes_cm_128_hmac_sha1_80(&policy.rtcp);
        break;
      case SrtpProfile::aes128_cm_sha1_32:
        srtp_crypto_policy_set_aes_cm_128_hmac_sha1_32(&policy.rtp);
        srtp_crypto_policy_set_aes_cm_128_hmac_sha1_80(&policy.rtcp);
        break;
      case SrtpProfile::aead_aes_128_gcm:
        srtp_crypto_policy_set_aes_gcm_128_16_auth(&policy.rtp);
        srtp_crypto_policy_set_aes_gcm_128_16_auth(&policy.rtcp);
        break;
      default:
        srtp_crypto_policy_set_aes_gcm_256_16_auth(&policy.rtp);
        srtp_crypto_policy_set_aes_gcm_256_16_auth(&policy.rtcp);
    }
    std::vector<uint8_t> key(master.key.begin(), master.key.begin() + crypto::srtp_key_size(profile));
    key.insert(key.end(), master.salt.begin(), master.salt.begin() + crypto::srtp_salt_size(profile));
    policy.key = key.data();
    policy.ssrc.type = direction;
    policy.window_size = 1024;
    EXPECT_EQ(srtp_create(&session_, &policy), srtp_err_status_ok);
  }
  ~Libsrtp() { srtp_dealloc(session_); }
  Libsrtp(const Libsrtp&) = delete;
  Libsrtp& operator=(const Libsrtp&) = delete;

  using Operation = srtp_err_status_t (*)(srtp_t, void*, int*);
  bool run(Operation operation, std::vector<uint8_t>& packet) {
    int size = static_cast<int>(packet.size());
    packet.resize(packet.size() + SRTP_MAX_TRAILER_LEN);
    bool ok = operation(session_, packet.data(), &size) == srtp_err_status_ok;
    packet.resize(static_cast<size_t>(size));
    return ok;
  }

 private:
  srtp_t session_ = nullptr;
};

std::vector<uint8_t> random_rtp(SeededRandom& random, uint16_t sequence, uint32_t ssrc) {
  size_t csrcs = random.below(4), words = random.below(6);
  bool extended = random.below(2) == 0;
  size_t header = 12 + 4 * csrcs + (extended ? 4 + 4 * words : 0);
  std::vector<uint8_t> packet(header + random.below(1200));
  random.fill(packet);
  packet[0] = static_cast<uint8_t>(0x80 | (extended ? 0x10 : 0) | csrcs);
  packet[1] = static_cast<uint8_t>(96 + random.below(20));
  store_u16(&packet[2], sequence);
  store_u32(&packet[8], ssrc);
  if (extended) {
    store_u16(&packet[12 + 4 * csrcs], 0xbede);
    store_u16(&packet[14 + 4 * csrcs], static_cast<uint16_t>(words));
  }
  return packet;
}

std::vector<uint8_t> random_rtcp(SeededRandom& random, uint32_t ssrc) {
  std::vector<uint8_t> packet(8 + 4 * random.below(60));
  random.fill(packet);
  packet[0] = 0x80;
  packet[1] = 200;
  store_u16(&packet[2], static_cast<uint16_t>(packet.size() / 4 - 1));
  store_u32(&packet[4], ssrc);
  return packet;
}

// Lets packets overtake each other: holds up to `depth` and gives out a random one.
class Shuffler {
 public:
  struct Item {
    std::vector<uint8_t> sealed, plain;
  };
  void put(Item item) { items_.push_back(std::move(item)); }
  bool take(SeededRandom& random, size_t keep, Item& out) {
    if (items_.size() <= keep) return false;
    size_t at = random.below(items_.size());
    out = std::move(items_[at]);
    items_.erase(items_.begin() + static_cast<std::ptrdiff_t>(at));
    return true;
  }

 private:
  std::vector<Item> items_;
};

constexpr int kPackets = 6000;
constexpr uint32_t kSsrcs = 3;

class SrtpOracle : public testing::TestWithParam<std::tuple<SrtpProfile, SrtpBackend>> {
 protected:
  void SetUp() override {
    if (!crypto::srtp_backend_available(backend())) GTEST_SKIP() << "backend not usable on this machine";
    random_.fill(master_.key);
    random_.fill(master_.salt);
  }
  SrtpProfile profile() const { return std::get<0>(GetParam()); }
  SrtpBackend backend() const { return std::get<1>(GetParam()); }
  // Each SSRC wraps within the test, gaps included.
  uint16_t next_sequence(uint32_t ssrc) {
    return static_cast<uint16_t>(sequences_[ssrc] += static_cast<uint32_t>(1 + random_.below(60)));
  }

  SeededRandom random_{42};
  SrtpMasterKey master_;
  std::array<uint32_t, kSsrcs> sequences_{100, 30000, 65500};
};

TEST_P(SrtpOracle, libsrtp_reads_what_we_protect) {
  SrtpSender ours(profile(), master_, backend());
  Libsrtp theirs(profile(), master_, ssrc_any_inbound);
  Shuffler wire;
  for (int i = 0; i < kPackets; ++i) {
    uint32_t ssrc = static_cast<uint32_t>(random_.below(kSsrcs));
    bool control = random_.below(10) == 0;
    auto plain = control ? random_rtcp(random_, ssrc) : random_rtp(random_, next_sequence(ssrc), ssrc);
    auto sealed = plain;
    size_t size = plain.size();
    sealed.resize(size + 20);
    ASSERT_EQ(control ? ours.protect_rtcp(sealed, size) : ours.protect_rtp(sealed, size), SrtpStatus::ok);
    sealed.resize(size);
    wire.put({sealed, plain});
    Shuffler::Item item;
    if (!wire.take(random_, 8, item)) continue;
    ASSERT_TRUE(theirs.run(item.sealed[1] == 200 ? srtp_unprotect_rtcp : srtp_unprotect, item.sealed)) << i;
    ASSERT_EQ(item.sealed, item.plain) << i;
  }
}

TEST_P(SrtpOracle, we_read_what_libsrtp_protects) {
  Libsrtp theirs(profile(), master_, ssrc_any_outbound);
  SrtpReceiver ours(profile(), master_, backend());
  Shuffler wire;
  for (int i = 0; i < kPackets; ++i) {
    uint32_t ssrc = static_cast<uint32_t>(random_.below(kSsrcs));
    bool control = random_.below(10) == 0;
    auto plain = control ? random_rtcp(random_, ssrc) : random_rtp(random_, next_sequence(ssrc), ssrc);
    auto sealed = plain;
    ASSERT_TRUE(theirs.run(control ? srtp_protect_rtcp : srtp_protect, sealed));
    wire.put({sealed, plain});
    Shuffler::Item item;
    if (!wire.take(random_, 8, item)) continue;
    bool report = item.sealed[1] == 200;
    auto again = item.sealed;
    size_t size = 0;
    ASSERT_EQ(report ? ours.unprotect_rtcp(item.sealed, size) : ours.unprotect_rtp(item.sealed, size), SrtpStatus::ok)
        << i;
    item.sealed.resize(size);
    ASSERT_EQ(item.sealed, item.plain) << i;
    ASSERT_EQ(report ? ours.unprotect_rtcp(again, size) : ours.unprotect_rtp(again, size), SrtpStatus::replayed);
  }
}

TEST_P(SrtpOracle, the_same_input_gives_the_same_bytes) {
  Libsrtp theirs(profile(), master_, ssrc_any_outbound);
  SrtpSender ours(profile(), master_, backend());
  for (int i = 0; i < 1000; ++i) {
    auto plain = random_rtp(random_, next_sequence(0), 0);
    auto a = plain, b = plain;
    ASSERT_TRUE(theirs.run(srtp_protect, a));
    size_t size = b.size();
    b.resize(size + 20);
    ASSERT_EQ(ours.protect_rtp(b, size), SrtpStatus::ok);
    b.resize(size);
    ASSERT_EQ(a, b) << i;
  }
}

INSTANTIATE_TEST_SUITE_P(Profiles, SrtpOracle,
                         testing::Combine(testing::Values(SrtpProfile::aes128_cm_sha1_80,
                                                          SrtpProfile::aes128_cm_sha1_32, SrtpProfile::aead_aes_128_gcm,
                                                          SrtpProfile::aead_aes_256_gcm),
                                          testing::Values(SrtpBackend::openssl, SrtpBackend::ipsec_mb)),
                         [](const auto& instance) {
                           std::string name(crypto::srtp_profile_name(std::get<0>(instance.param)));
                           return name +
                                  (std::get<1>(instance.param) == SrtpBackend::openssl ? "_openssl" : "_ipsec_mb");
                         });

}  // namespace
}  // namespace limen::rtc
