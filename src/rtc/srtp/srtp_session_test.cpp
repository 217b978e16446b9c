#include "rtc/srtp/srtp_session.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "rtc/srtp/srtp_batch.hpp"
#include "tests/support/seeded_random.hpp"

namespace limen::rtc {
namespace {

using crypto::SrtpBackend;
using crypto::SrtpMasterKey;
using crypto::SrtpProfile;
using limen::test::SeededRandom;

constexpr SrtpProfile kProfiles[] = {SrtpProfile::aes128_cm_sha1_80, SrtpProfile::aes128_cm_sha1_32,
                                     SrtpProfile::aead_aes_128_gcm, SrtpProfile::aead_aes_256_gcm};

SrtpMasterKey master_key(uint64_t seed = 1) {
  SeededRandom random(seed);
  SrtpMasterKey out;
  random.fill(out.key);
  random.fill(out.salt);
  return out;
}

std::vector<uint8_t> rtp(uint16_t sequence, uint32_t ssrc = 0x11223344, size_t payload = 50) {
  std::vector<uint8_t> packet(12 + payload, 0xab);
  packet[0] = 0x80;
  packet[1] = 96;
  store_u16(&packet[2], sequence);
  store_u32(&packet[4], 1000);
  store_u32(&packet[8], ssrc);
  return packet;
}

std::vector<uint8_t> rtcp(uint32_t ssrc = 0x11223344) {
  std::vector<uint8_t> packet(28, 7);
  packet[0] = 0x80;
  packet[1] = 200;
  store_u16(&packet[2], 6);
  store_u32(&packet[4], ssrc);
  return packet;
}

// A sender and a receiver with the same key.
struct SrtpPipe {
  explicit SrtpPipe(SrtpProfile profile = SrtpProfile::aead_aes_128_gcm, SrtpBackend backend = SrtpBackend::automatic)
      : sender(profile, master_key(), backend), receiver(profile, master_key(), backend) {}

  std::vector<uint8_t> protect(std::vector<uint8_t> packet) {
    size_t size = packet.size();
    packet.resize(size + 20);
    status = packet[1] >= 200 ? sender.protect_rtcp(packet, size) : sender.protect_rtp(packet, size);
    packet.resize(size);
    return packet;
  }
  std::vector<uint8_t> unprotect(std::vector<uint8_t> packet) {
    size_t size = packet.size();
    status = packet[1] >= 200 ? receiver.unprotect_rtcp(packet, size) : receiver.unprotect_rtp(packet, size);
    packet.resize(size);
    return packet;
  }

  SrtpSender sender;
  SrtpReceiver receiver;
  SrtpStatus status = SrtpStatus::ok;
};

TEST(Srtp, packets_come_back_as_they_were) {
  for (SrtpProfile profile : kProfiles) {
    for (SrtpBackend backend : {SrtpBackend::openssl, SrtpBackend::ipsec_mb}) {
      SrtpPipe pipe(profile, backend);
      for (size_t payload : {size_t{0}, size_t{8}, size_t{15}, size_t{16}, size_t{1200}}) {
        auto plain = rtp(static_cast<uint16_t>(payload), 5, payload);
        auto sealed = pipe.protect(plain);
        EXPECT_EQ(pipe.status, SrtpStatus::ok);
        EXPECT_EQ(sealed.size(), plain.size() + pipe.sender.rtp_overhead());
        bool readable = std::equal(plain.begin() + 12, plain.end(), sealed.begin() + 12);
        EXPECT_EQ(readable, payload == 0);
        EXPECT_EQ(pipe.unprotect(sealed), plain);
        EXPECT_EQ(pipe.status, SrtpStatus::ok);
      }
      auto sealed = pipe.protect(rtcp());
      EXPECT_EQ(sealed.size(), rtcp().size() + pipe.sender.rtcp_overhead());
      EXPECT_EQ(pipe.unprotect(sealed), rtcp());
      EXPECT_EQ(pipe.status, SrtpStatus::ok);
    }
  }
}

TEST(Srtp, csrcs_and_header_extensions_stay_readable) {
  for (SrtpProfile profile : kProfiles) {
    SrtpPipe pipe(profile);
    std::vector<uint8_t> plain = rtp(9);
    plain[0] = 0x80 | 0x10 | 2;  // two CSRCs and an extension of two words
    std::vector<uint8_t> extra{1, 2, 3, 4, 5, 6, 7, 8, 0xbe, 0xde, 0, 2, 0x10, 1, 0, 0, 0x20, 2, 0, 0};
    plain.insert(plain.begin() + 12, extra.begin(), extra.end());
    auto sealed = pipe.protect(plain);
    EXPECT_TRUE(std::equal(plain.begin(), plain.begin() + 32, sealed.begin()));
    EXPECT_NE(sealed[32], plain[32]);
    EXPECT_EQ(pipe.unprotect(sealed), plain);
  }
}

TEST(Srtp, a_plain_retransmission_is_the_same_bytes_and_nothing_else_is) {
  for (SrtpProfile profile : kProfiles) {
    SrtpPipe pipe(profile);
    auto again = [&](std::vector<uint8_t> packet) {
      size_t size = packet.size();
      packet.resize(size + 20);
      pipe.status = pipe.sender.protect_rtp_again(packet, size);
      packet.resize(size);
      return packet;
    };
    again(rtp(65534));  // never sent
    EXPECT_EQ(pipe.status, SrtpStatus::malformed);
    auto first = pipe.protect(rtp(65534));
    for (uint16_t i = 65535; i != 20; ++i) pipe.protect(rtp(i));
    EXPECT_EQ(again(rtp(65534)), first);
    EXPECT_EQ(pipe.status, SrtpStatus::ok);
    again(rtp(21));  // not sent yet
    EXPECT_EQ(pipe.status, SrtpStatus::malformed);
    again(rtp(60000));  // longer ago than anybody remembers
    EXPECT_EQ(pipe.status, SrtpStatus::too_old);
  }
}

TEST(Srtp, a_replayed_packet_is_dropped) {
  for (SrtpProfile profile : kProfiles) {
    SrtpPipe pipe(profile);
    auto media = pipe.protect(rtp(1));
    auto report = pipe.protect(rtcp());
    pipe.unprotect(media);
    EXPECT_EQ(pipe.status, SrtpStatus::ok);
    pipe.unprotect(media);
    EXPECT_EQ(pipe.status, SrtpStatus::replayed);
    pipe.unprotect(report);
    EXPECT_EQ(pipe.status, SrtpStatus::ok);
    pipe.unprotect(report);
    EXPECT_EQ(pipe.status, SrtpStatus::replayed);
  }
}

TEST(Srtp, tampering_is_noticed_and_moves_no_state) {
  for (SrtpProfile profile : kProfiles) {
    SrtpPipe pipe(profile);
    auto good = pipe.protect(rtp(1));
    for (size_t i = 0; i < good.size(); ++i) {
      auto bad = good;
      bad[i] ^= 0x40;
      pipe.unprotect(bad);
      EXPECT_NE(pipe.status, SrtpStatus::ok) << i;
    }
    pipe.unprotect(good);
    EXPECT_EQ(pipe.status, SrtpStatus::ok);

    auto report = pipe.protect(rtcp());
    for (size_t i = 0; i < report.size(); ++i) {
      if (i == 1) continue;  // the helper tells RTCP by it
      auto bad = report;
      bad[i] ^= 0x40;
      pipe.unprotect(bad);
      EXPECT_EQ(pipe.status, i == 0 ? SrtpStatus::malformed : SrtpStatus::authentication_failed) << i;
    }
    pipe.unprotect(report);
    EXPECT_EQ(pipe.status, SrtpStatus::ok);
  }
}

TEST(Srtp, forged_packets_cannot_fill_the_ssrc_table_or_shift_the_window) {
  SrtpPipe pipe;
  SrtpSender forger(SrtpProfile::aead_aes_128_gcm, master_key(2));
  for (uint32_t ssrc = 0; ssrc < kMaxSsrcs; ++ssrc) {
    auto packet = rtp(40000, ssrc);
    size_t size = packet.size();
    packet.resize(size + 16);
    forger.protect_rtp(packet, size);
    size_t out = 0;
    EXPECT_EQ(pipe.receiver.unprotect_rtp(packet, out), SrtpStatus::authentication_failed);
  }
  auto genuine = pipe.protect(rtp(3, 1));
  pipe.unprotect(genuine);
  EXPECT_EQ(pipe.status, SrtpStatus::ok);
}

TEST(Srtp, the_number_of_ssrcs_is_bounded) {
  SrtpPipe pipe;
  for (uint32_t ssrc = 1; ssrc <= kMaxSsrcs; ++ssrc) {
    auto sealed = pipe.protect(rtp(1, ssrc * 7919));
    ASSERT_EQ(pipe.status, SrtpStatus::ok);
    pipe.unprotect(sealed);
    ASSERT_EQ(pipe.status, SrtpStatus::ok);
  }
  pipe.protect(rtp(1, 3));
  EXPECT_EQ(pipe.status, SrtpStatus::too_many_ssrcs);
  SrtpSender another(SrtpProfile::aead_aes_128_gcm, master_key());
  auto packet = rtp(1, 3);
  size_t size = packet.size();
  packet.resize(size + 16);
  ASSERT_EQ(another.protect_rtp(packet, size), SrtpStatus::ok);
  pipe.unprotect(packet);
  EXPECT_EQ(pipe.status, SrtpStatus::too_many_ssrcs);
  pipe.protect(rtp(2, 7919));  // known ones go on
  EXPECT_EQ(pipe.status, SrtpStatus::ok);
}

TEST(Srtp, the_rollover_counter_follows_several_wraps_with_reordering_and_loss) {
  for (SrtpProfile profile : kProfiles) {
    SrtpPipe pipe(profile);
    SeededRandom random(4);
    std::vector<std::vector<uint8_t>> window;
    size_t received = 0, sent = 0;
    for (uint32_t i = 0; i < 200'000; i += 1 + random.below(3)) {
      auto plain = rtp(static_cast<uint16_t>(65000 + i), 77, 4);
      ++sent;
      window.push_back(pipe.protect(plain));
      ASSERT_EQ(pipe.status, SrtpStatus::ok);
      if (window.size() < 20) continue;
      size_t pick = random.below(window.size());
      pipe.unprotect(window[pick]);
      ASSERT_EQ(pipe.status, SrtpStatus::ok) << i;
      ++received;
      window.erase(window.begin() + static_cast<std::ptrdiff_t>(pick));
    }
    EXPECT_EQ(received, sent - 19);
  }
}

TEST(Srtp, the_sender_never_uses_an_index_twice) {
  SrtpPipe pipe;
  pipe.protect(rtp(10));
  EXPECT_EQ(pipe.status, SrtpStatus::ok);
  pipe.protect(rtp(12));
  EXPECT_EQ(pipe.status, SrtpStatus::ok);
  pipe.protect(rtp(11));  // late but new
  EXPECT_EQ(pipe.status, SrtpStatus::ok);
  pipe.protect(rtp(11));
  EXPECT_EQ(pipe.status, SrtpStatus::replayed);
  pipe.protect(rtp(2000));
  pipe.protect(rtp(13));
  EXPECT_EQ(pipe.status, SrtpStatus::too_old);
  pipe.protect(rtp(11, 99));  // another SSRC has its own
  EXPECT_EQ(pipe.status, SrtpStatus::ok);
}

TEST(Srtp, short_and_malformed_packets_are_refused_by_both_sides) {
  for (SrtpProfile profile : kProfiles) {
    SrtpPipe pipe(profile);
    size_t size = 0;
    for (size_t length = 0; length < 12 + pipe.sender.rtp_overhead(); ++length) {
      std::vector<uint8_t> bytes(length, 0x80);
      EXPECT_EQ(pipe.receiver.unprotect_rtp(bytes, size), SrtpStatus::too_short);
    }
    for (size_t length = 0; length < 8 + pipe.sender.rtcp_overhead(); ++length) {
      std::vector<uint8_t> bytes(length, 0x80);
      EXPECT_EQ(pipe.receiver.unprotect_rtcp(bytes, size), SrtpStatus::too_short);
    }
    std::vector<uint8_t> bytes(60, 0);
    EXPECT_EQ(pipe.receiver.unprotect_rtp(bytes, size), SrtpStatus::malformed);  // version 0
    EXPECT_EQ(pipe.receiver.unprotect_rtcp(bytes, size), SrtpStatus::malformed);
    bytes[0] = 0x8f;  // fifteen CSRCs do not fit
    EXPECT_EQ(pipe.receiver.unprotect_rtp(bytes, size), SrtpStatus::malformed);
    bytes[0] = 0x90;
    store_u16(&bytes[14], 0xffff);  // nor does this extension
    EXPECT_EQ(pipe.receiver.unprotect_rtp(bytes, size), SrtpStatus::malformed);

    size = 11;
    EXPECT_EQ(pipe.sender.protect_rtp(bytes, size), SrtpStatus::too_short);
    size = 60;
    EXPECT_EQ(pipe.sender.protect_rtp(bytes, size), SrtpStatus::no_room);
    size = 61;
    EXPECT_EQ(pipe.sender.protect_rtp(bytes, size), SrtpStatus::no_room);
    EXPECT_EQ(pipe.sender.protect_rtcp(bytes, size), SrtpStatus::no_room);
    size = 30;
    EXPECT_EQ(pipe.sender.protect_rtp(bytes, size), SrtpStatus::malformed);
    size = 7;
    EXPECT_EQ(pipe.sender.protect_rtcp(bytes, size), SrtpStatus::too_short);
  }
}

TEST(Srtp, unencrypted_srtcp_is_refused) {
  for (SrtpProfile profile : kProfiles) {
    SrtpPipe pipe(profile);
    auto sealed = pipe.protect(rtcp());
    size_t word = crypto::is_aead(profile) ? sealed.size() - 4 : sealed.size() - 14;
    sealed[word] &= 0x7f;
    pipe.unprotect(sealed);
    EXPECT_EQ(pipe.status, SrtpStatus::malformed);
  }
}

TEST(Srtp, rtcp_of_several_ssrcs_shares_the_counter) {
  SrtpPipe pipe;
  for (int i = 0; i < 3000; ++i) {
    auto sealed = pipe.protect(rtcp(static_cast<uint32_t>(i % 3)));
    pipe.unprotect(sealed);
    ASSERT_EQ(pipe.status, SrtpStatus::ok);
  }
}

TEST(Srtp, without_a_profile_nothing_passes) {
  SrtpSender sender(SrtpProfile::none, {});
  SrtpReceiver receiver(SrtpProfile::none, {});
  std::vector<uint8_t> packet = rtp(1);
  size_t size = 20;
  EXPECT_EQ(sender.protect_rtp(packet, size), SrtpStatus::cipher_failed);
  EXPECT_EQ(sender.protect_rtcp(packet, size), SrtpStatus::cipher_failed);
  EXPECT_EQ(receiver.unprotect_rtp(packet, size), SrtpStatus::cipher_failed);
  EXPECT_EQ(receiver.unprotect_rtcp(packet, size), SrtpStatus::cipher_failed);
}

TEST(Srtp, a_pooled_packet_is_decrypted_in_place) {
  PacketPool pool;
  SrtpPipe pipe;
  auto plain = rtp(1);
  Packet media = pool.copy(pipe.protect(plain), Instant{});
  ASSERT_EQ(pipe.receiver.unprotect_rtp(media), SrtpStatus::ok);
  EXPECT_TRUE(std::ranges::equal(media.bytes(), plain));
  Packet report = pool.copy(pipe.protect(rtcp()), Instant{});
  ASSERT_EQ(pipe.receiver.unprotect_rtcp(report), SrtpStatus::ok);
  EXPECT_TRUE(std::ranges::equal(report.bytes(), rtcp()));
}

TEST(Srtp, every_status_has_a_name) {
  std::set<std::string_view> names;
  for (size_t i = 0; i < kSrtpStatusCount; ++i) names.insert(srtp_status_name(static_cast<SrtpStatus>(i)));
  EXPECT_EQ(names.size(), kSrtpStatusCount);
  EXPECT_FALSE(names.contains("unknown"));
}

TEST(SrtpBatch, a_fan_out_through_the_queue_reaches_every_receiver) {
  for (SrtpProfile profile : kProfiles) {
    std::vector<SrtpSender> senders;
    std::vector<SrtpReceiver> receivers;
    for (uint64_t i = 0; i < 100; ++i) {
      senders.emplace_back(profile, master_key(i));
      receivers.emplace_back(profile, master_key(i));
    }
    SrtpBatch batch;
    TxQueue queue;
    auto plain = rtp(500, 42, 1100);
    for (size_t i = 0; i < senders.size(); ++i) {
      MutableBytes room = queue.reserve(plain.size() + senders[i].rtp_overhead());
      std::ranges::copy(plain, room.begin());
      size_t size = plain.size();
      ASSERT_EQ(batch.submit(senders[i], queue, room, size), SrtpStatus::ok);
      queue.commit({}, size);
    }
    EXPECT_EQ(batch.pending(), senders.size());
    EXPECT_TRUE(batch.flush(queue));
    EXPECT_TRUE(batch.flush(queue));
    ASSERT_EQ(queue.slots().size(), senders.size());
    for (size_t i = 0; i < receivers.size(); ++i) {
      MutableBytes bytes = queue.mutable_bytes(queue.slots()[i]);
      size_t size = 0;
      ASSERT_EQ(receivers[i].unprotect_rtp(bytes, size), SrtpStatus::ok);
      EXPECT_TRUE(std::ranges::equal(bytes.first(size), plain));
    }
  }
}

TEST(SrtpBatch, what_the_sender_refuses_is_not_submitted) {
  SrtpSender sender(SrtpProfile::aead_aes_128_gcm, master_key());
  SrtpBatch batch;
  TxQueue queue;
  auto plain = rtp(1);
  for (SrtpStatus expected : {SrtpStatus::ok, SrtpStatus::replayed}) {
    MutableBytes room = queue.reserve(plain.size() + sender.rtp_overhead());
    std::ranges::copy(plain, room.begin());
    size_t size = plain.size();
    EXPECT_EQ(batch.submit(sender, queue, room, size), expected);
  }
  EXPECT_EQ(batch.pending(), 1u);
}

}  // namespace
}  // namespace limen::rtc
