#include "crypto/srtp_cipher.hpp"

#include <gtest/gtest.h>

#include "crypto/srtp_ciphers_internal.hpp"
#include "tests/support/hex.hpp"
#include "tests/support/seeded_random.hpp"

namespace limen::crypto {
namespace {

using test::from_hex;
using test::to_hex;

constexpr SrtpProfile kProfiles[] = {SrtpProfile::aes128_cm_sha1_80, SrtpProfile::aes128_cm_sha1_32,
                                     SrtpProfile::aead_aes_128_gcm, SrtpProfile::aead_aes_256_gcm};

std::vector<SrtpBackend> backends() {
  std::vector<SrtpBackend> out{SrtpBackend::openssl};
  if (srtp_backend_available(SrtpBackend::ipsec_mb)) out.push_back(SrtpBackend::ipsec_mb);
  return out;
}

SrtpMasterKey master_of(std::string_view key, std::string_view salt) {
  SrtpMasterKey out;
  std::ranges::copy(from_hex(key), out.key.begin());
  std::ranges::copy(from_hex(salt), out.salt.begin());
  return out;
}

SrtpMasterKey rfc_3711_master() {
  return master_of("E1F97A0D3E018BE0D64FA32C06DE4139", "0EC675AD498AFEEBB6960B3AABE6");
}

SrtpMasterKey random_master(test::SeededRandom& random) {
  SrtpMasterKey out;
  random.fill(out.key);
  random.fill(out.salt);
  return out;
}

TEST(SrtpKeys, vectors_of_rfc_3711_appendix_b3) {
  auto keys = derive_srtp_keys(SrtpProfile::aes128_cm_sha1_80, rfc_3711_master(), SrtpKind::rtp);
  ASSERT_TRUE(keys);
  EXPECT_EQ(to_hex(Bytes(keys->key).first(16)), "c61e7a93744f39ee10734afe3ff7a087");
  EXPECT_EQ(to_hex(keys->salt), "30cbbc08863d8c85d49db34a9ae1");
  EXPECT_EQ(to_hex(keys->auth), "cebe321f6ff7716b6fd4ab49af256a156d38baa4");
}

// Session keys as RFC 7714 sections 16 and 17 give them.
SrtpSessionKeys rfc_7714_keys() {
  SrtpSessionKeys keys;
  for (size_t i = 0; i < keys.key.size(); ++i) keys.key[i] = static_cast<uint8_t>(i);
  std::ranges::copy(from_hex("517569642070726f2071756f"), keys.salt.begin());
  return keys;
}

std::unique_ptr<SrtpCipher> gcm(SrtpBackend backend, SrtpProfile profile, SrtpKind kind) {
  return backend == SrtpBackend::openssl ? make_openssl_gcm_cipher(profile, rfc_7714_keys(), kind)
                                         : make_ipsec_mb_gcm_cipher(profile, rfc_7714_keys(), kind);
}

constexpr std::string_view kGallia =
    "8040f17b 8041f8d3 5501a0b2 47616c6c 69612065 7374206f 6d6e6973 20646976 69736120 696e2070 61727465 73207472 6573";

TEST(SrtpCipher, gcm_packets_of_rfc_7714_section_16) {
  const std::pair<SrtpProfile, std::string_view> cases[] = {{SrtpProfile::aead_aes_128_gcm,
                                                             "8040f17b8041f8d35501a0b2f24de3a3fb34de6cacba861c9d7e4bcab"
                                                             "e633bd50d294e6f42a5f47a51c7d19b36de3adf8833899d7f27beb16a"
                                                             "9152cf765ee4390cce"},
                                                            {SrtpProfile::aead_aes_256_gcm,
                                                             "8040f17b8041f8d35501a0b232b1de78a822fe12ef9f78fa332e33aab"
                                                             "18012389a58e2f3b50b2a0276ffae0f1ba63799b87b7aa3db36dfffd6"
                                                             "b0f9bb7878d7a76c13"}};
  for (SrtpBackend backend : backends()) {
    for (auto [profile, expected] : cases) {
      auto cipher = gcm(backend, profile, SrtpKind::rtp);
      auto packet = from_hex(kGallia);
      size_t size = packet.size();
      packet.resize(size + 16);
      ASSERT_TRUE(cipher->protect_rtp(packet.data(), size, 12, 0x5501a0b2, 0xf17b));
      EXPECT_EQ(to_hex(packet), expected);
      ASSERT_TRUE(cipher->unprotect_rtp(packet.data(), packet.size(), 12, 0x5501a0b2, 0xf17b));
      EXPECT_EQ(to_hex(Bytes(packet).first(size)), to_hex(from_hex(kGallia)));
    }
  }
}

TEST(SrtpCipher, gcm_rtcp_packets_of_rfc_7714_section_17) {
  constexpr std::string_view kPlain =
      "81c8000d 4d617273 4e545031 4e545032 52545020 0000042a 0000e930 4c756e61 deadbeef deadbeef deadbeef deadbeef "
      "deadbeef";
  const std::pair<SrtpProfile, std::string_view> cases[] = {{SrtpProfile::aead_aes_128_gcm,
                                                             "81c8000d4d61727363e94885dcdab67ca727d7662f6b7e997ff5c0f76"
                                                             "c06f32dc676a5f1730d6fda4ce09b4686303ded0bb9275bc84aa45896"
                                                             "cf4d2fc5abf87245d9eade800005d4"},
                                                            {SrtpProfile::aead_aes_256_gcm,
                                                             "81c8000d4d617273d50ae4d1f5ce5d304ba297e47d470c282c3ece5db"
                                                             "ffe0a50a2eaa5c1110555be8415f658c61de0476f1b6fad1d1eb30c44"
                                                             "46839f57ff6f6cb26ac3be800005d4"}};
  for (SrtpBackend backend : backends()) {
    for (auto [profile, expected] : cases) {
      auto cipher = gcm(backend, profile, SrtpKind::rtcp);
      auto packet = from_hex(kPlain);
      size_t size = packet.size();
      packet.resize(size + 20);
      ASSERT_TRUE(cipher->protect_rtcp(packet.data(), size, 0x4d617273, 0x5d4));
      EXPECT_EQ(to_hex(packet), expected);
      EXPECT_EQ(srtcp_index_word(profile, packet), 0x800005d4u);
      ASSERT_TRUE(cipher->unprotect_rtcp(packet.data(), packet.size(), 0x4d617273, 0x5d4));
      EXPECT_EQ(to_hex(Bytes(packet).first(size)), to_hex(from_hex(kPlain)));
    }
  }
}

// The known answer that goes with the master key of RFC 3711 appendix B.3.
TEST(SrtpCipher, counter_mode_known_answers) {
  for (SrtpBackend backend : backends()) {
    auto rtp = SrtpCipher::create(SrtpProfile::aes128_cm_sha1_80, rfc_3711_master(), SrtpKind::rtp, backend);
    auto packet = from_hex("800f1234decafbadcafebabeabababababababababababababababab");
    packet.resize(28 + 10);
    ASSERT_TRUE(rtp->protect_rtp(packet.data(), 28, 12, 0xcafebabe, 0x1234));
    EXPECT_EQ(to_hex(packet), "800f1234decafbadcafebabe4e55dc4ce79978d88ca4d215949d2402b78d6acc99ea179b8dbb");

    auto rtcp = SrtpCipher::create(SrtpProfile::aes128_cm_sha1_80, rfc_3711_master(), SrtpKind::rtcp, backend);
    auto report = from_hex("81c8000bcafebabeabababababababababababababababab");
    report.resize(24 + 14);
    ASSERT_TRUE(rtcp->protect_rtcp(report.data(), 24, 0xcafebabe, 1));
    EXPECT_EQ(to_hex(report), "81c8000bcafebabe7128035be487b9bdbef89041f977a5a880000001993e08cd54d6c1230798");
  }
}

TEST(SrtpCipher, both_backends_give_identical_bytes) {
  if (backends().size() < 2) GTEST_SKIP() << "libipsec-mb is not usable on this machine";
  test::SeededRandom random(7);
  for (SrtpProfile profile : kProfiles) {
    for (int round = 0; round < 300; ++round) {
      SrtpMasterKey master = random_master(random);
      SrtpKind kind = round % 2 == 0 ? SrtpKind::rtp : SrtpKind::rtcp;
      auto a = SrtpCipher::create(profile, master, kind, SrtpBackend::openssl);
      auto b = SrtpCipher::create(profile, master, kind, SrtpBackend::ipsec_mb);
      std::vector<uint8_t> packet(12 + random.below(1400));
      random.fill(packet);
      size_t size = packet.size();
      packet.resize(size + 20);
      auto other = packet;
      uint32_t ssrc = random.u32();
      if (kind == SrtpKind::rtp) {
        size_t header = 12 + random.below(size - 12 + 1);
        uint64_t index = random.u64() >> 16;
        ASSERT_TRUE(a->protect_rtp(packet.data(), size, header, ssrc, index));
        ASSERT_TRUE(b->protect_rtp(other.data(), size, header, ssrc, index));
        EXPECT_EQ(packet, other);
        EXPECT_TRUE(b->unprotect_rtp(packet.data(), size + b->tag_size(), header, ssrc, index));
      } else {
        uint32_t index = random.u32() >> 1;
        ASSERT_TRUE(a->protect_rtcp(packet.data(), size, ssrc, index));
        ASSERT_TRUE(b->protect_rtcp(other.data(), size, ssrc, index));
        EXPECT_EQ(packet, other);
        EXPECT_TRUE(b->unprotect_rtcp(packet.data(), size + b->tag_size() + 4, ssrc, index));
      }
    }
  }
}

TEST(SrtpCipher, any_changed_bit_is_noticed) {
  test::SeededRandom random(8);
  for (SrtpBackend backend : backends()) {
    for (SrtpProfile profile : kProfiles) {
      auto cipher = SrtpCipher::create(profile, random_master(random), SrtpKind::rtp, backend);
      std::vector<uint8_t> good(60 + cipher->tag_size());
      random.fill(good);
      ASSERT_TRUE(cipher->protect_rtp(good.data(), 60, 12, 5, 6));
      for (size_t bit = 0; bit < good.size() * 8; ++bit) {
        auto bad = good;
        bad[bit / 8] ^= static_cast<uint8_t>(1 << bit % 8);
        EXPECT_FALSE(cipher->unprotect_rtp(bad.data(), bad.size(), 12, 5, 6)) << bit;
      }
      auto other_rollover = good;
      EXPECT_FALSE(cipher->unprotect_rtp(other_rollover.data(), good.size(), 12, 5, 6 + 0x10000));
      EXPECT_TRUE(cipher->unprotect_rtp(good.data(), good.size(), 12, 5, 6));
    }
  }
}

TEST(SrtpBatchEngine, a_batch_gives_the_bytes_of_single_calls) {
  test::SeededRandom random(9);
  for (SrtpBackend backend : backends()) {
    std::vector<std::unique_ptr<SrtpCipher>> ciphers;
    for (SrtpProfile profile : kProfiles) {
      for (int i = 0; i < 5; ++i) {
        ciphers.push_back(SrtpCipher::create(profile, random_master(random), SrtpKind::rtp, backend));
      }
    }
    SrtpBatchEngine batch(backend);
    for (size_t count : {size_t{0}, size_t{1}, size_t{7}, size_t{64}, size_t{65}, size_t{500}}) {
      std::vector<uint8_t> bytes(count * 1500 + 1);
      random.fill(bytes);
      auto expected = bytes;
      for (size_t i = 0; i < count; ++i) {
        SrtpJob job;
        job.cipher = ciphers[random.below(ciphers.size())].get();
        job.offset = static_cast<uint32_t>(i * 1500);
        job.header_size = static_cast<uint16_t>(12 + random.below(40));
        // Now and then a packet without payload.
        job.size = static_cast<uint16_t>(job.header_size + (random.below(8) == 0 ? 0 : random.below(1400)));
        job.ssrc = random.u32();
        job.index = random.u64() >> 16;
        ASSERT_TRUE(job.cipher->protect_rtp(&expected[job.offset], job.size, job.header_size, job.ssrc, job.index));
        batch.submit(job);
      }
      EXPECT_EQ(batch.pending(), count);
      std::vector<SrtpJob> failed;
      batch.flush(bytes.data(), failed);
      EXPECT_TRUE(failed.empty());
      EXPECT_EQ(batch.pending(), 0u);
      EXPECT_EQ(bytes, expected) << count;
    }
  }
}

TEST(SrtpProfile, names_and_sizes) {
  EXPECT_EQ(srtp_profile_name(SrtpProfile::aead_aes_128_gcm), "SRTP_AEAD_AES_128_GCM");
  EXPECT_EQ(srtp_profile_name(SrtpProfile::aead_aes_256_gcm), "SRTP_AEAD_AES_256_GCM");
  EXPECT_EQ(srtp_profile_name(SrtpProfile::aes128_cm_sha1_80), "SRTP_AES128_CM_SHA1_80");
  EXPECT_EQ(srtp_profile_name(SrtpProfile::aes128_cm_sha1_32), "SRTP_AES128_CM_SHA1_32");
  EXPECT_EQ(srtp_profile_name(SrtpProfile::none), "none");
  EXPECT_EQ(srtp_tag_size(SrtpProfile::aes128_cm_sha1_32), 4u);
  EXPECT_EQ(srtcp_tag_size(SrtpProfile::aes128_cm_sha1_32), 10u);
  EXPECT_EQ(SrtpCipher::create(SrtpProfile::none, {}, SrtpKind::rtp), nullptr);
}

}  // namespace
}  // namespace limen::crypto
