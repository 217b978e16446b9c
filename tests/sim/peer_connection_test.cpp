// Two peers find, key and lose each other.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/peer_pair.hpp"

namespace limen::test {
namespace {

using namespace std::chrono_literals;
using rtc::CloseReason;

TEST(PeerConnection, connects_and_carries_media_both_ways) {
  PeerPair pair;
  pair.b.echo = true;
  ASSERT_TRUE(pair.connect());
  EXPECT_EQ(pair.a.connected_events, 1u);
  EXPECT_EQ(pair.b.connected_events, 1u);
  for (uint16_t i = 0; i < 50; ++i) {
    EXPECT_TRUE(pair.a.send_media(0, i, i * 960u));
    EXPECT_TRUE(pair.a.send_media(1, i, i * 1800u, i == 0));
    pair.run_for(20ms);
  }
  ASSERT_EQ(pair.b.rtp.size(), 100u);
  ASSERT_EQ(pair.a.rtp.size(), 100u);
  EXPECT_EQ(pair.b.rtp[0].ssrc, 1000u);
  EXPECT_EQ(pair.b.rtp[0].codec, Codec::opus);
  EXPECT_EQ(pair.b.rtp[1].ssrc, 1001u);
  EXPECT_EQ(pair.b.rtp[1].codec, Codec::vp8);
  EXPECT_TRUE(pair.b.rtp[1].video.keyframe);
  EXPECT_EQ(pair.b.rtp[1].mid(), "1");
  EXPECT_EQ(pair.a.rtp[1].ssrc, 2001u);
  EXPECT_EQ(pair.a.rtp[1].mline, 1);
  EXPECT_EQ(pair.a.rtp[99].sequence, 49);
  EXPECT_EQ(pair.a.rtp[99].payload().size(), 200u);
}

TEST(PeerConnection, agrees_on_gcm) {
  PeerPair pair;
  ASSERT_TRUE(pair.connect());
  EXPECT_THAT(pair.a.peer().stats(pair.clock.now()).srtp_profile, testing::StartsWith("SRTP_AEAD_AES_"));
  ASSERT_FALSE(pair.a.dtls_states.empty());
  EXPECT_EQ(pair.a.dtls_states.front().state, rtc::DtlsState::trying);
  EXPECT_EQ(pair.a.dtls_states.back().state, rtc::DtlsState::connected);
}

TEST(PeerConnection, connects_through_lost_handshake_flights) {
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    PeerPair pair(seed);
    pair.set_link({.latency = 30ms, .loss = 0.25});
    EXPECT_TRUE(pair.connect(20s)) << "seed " << seed;
  }
}

TEST(PeerConnection, connects_in_three_round_trips_or_so) {
  PeerPair pair;
  pair.set_link({.latency = 50ms});
  Instant before = pair.clock.now();
  ASSERT_TRUE(pair.connect());
  EXPECT_LE(pair.clock.now() - before, 500ms);
}

TEST(PeerConnection, works_without_encryption) {
  PeerPair pair;
  pair.a.config.encrypt = pair.b.config.encrypt = false;
  ASSERT_TRUE(pair.connect());
  EXPECT_EQ(pair.a.peer().stats(pair.clock.now()).srtp_profile, "");
  ASSERT_TRUE(pair.a.send_media(0, 1, 960));
  EXPECT_TRUE(pair.run_until([&] { return pair.b.rtp.size() == 1; }, 1s));
}

TEST(PeerConnection, closing_tells_the_other_side_and_ends_all_sending) {
  PeerPair pair;
  ASSERT_TRUE(pair.connect());
  pair.a.send_media(0, 1, 960);
  pair.a.peer().close(pair.clock.now());
  pair.a.settle();
  EXPECT_TRUE(pair.run_until([&] { return pair.b.closed.has_value(); }, 1s));
  EXPECT_EQ(pair.b.closed, CloseReason::dtls_alert);
  EXPECT_EQ(rtc::close_reason_text(*pair.b.closed), "DTLS alert");
  EXPECT_FALSE(pair.a.closed.has_value());
  EXPECT_EQ(pair.a.peer().next_deadline(), kNever);
  EXPECT_EQ(pair.b.peer().next_deadline(), kNever);

  uint64_t sent = pair.network.stats().sent;
  EXPECT_FALSE(pair.a.send_media(0, 2, 1920));
  EXPECT_FALSE(pair.b.send_media(0, 2, 1920));
  pair.a.peer().send(KeyframeRequest{1, false}, pair.clock.now());
  pair.a.settle();
  pair.run_for(30s);
  EXPECT_EQ(pair.network.stats().sent, sent);
}

TEST(PeerConnection, a_wrong_fingerprint_ends_it) {
  PeerPair pair;
  pair.a.create();
  pair.b.create();
  rtc::RemoteTransport wrong = pair.a.transport();
  wrong.fingerprint[0] = wrong.fingerprint[0] == 'A' ? 'B' : 'A';
  pair.b.peer().set_remote(wrong, pair.clock.now());
  pair.a.peer().set_remote(pair.b.transport(), pair.clock.now());
  pair.b.peer().add_remote_candidate(pair.a.candidate(), pair.clock.now());
  pair.a.peer().add_remote_candidate(pair.b.candidate(), pair.clock.now());
  pair.a.settle();
  pair.b.settle();
  EXPECT_TRUE(pair.run_until([&] { return pair.a.closed && pair.b.closed; }, 5s));
  EXPECT_EQ(pair.b.closed, CloseReason::dtls_alert);
  EXPECT_EQ(pair.a.closed, CloseReason::dtls_alert);
  EXPECT_FALSE(pair.b.connected);
}

TEST(PeerConnection, dtls_without_an_answer_times_out_after_twenty_seconds) {
  PeerPair pair;
  pair.b.mute_dtls = true;
  pair.start();
  ASSERT_TRUE(pair.run_until([&] { return !pair.a.pairs.empty(); }, 5s));
  Instant begun = pair.clock.now();
  EXPECT_TRUE(pair.run_until([&] { return pair.a.closed.has_value(); }, 30s));
  EXPECT_EQ(pair.a.closed, CloseReason::dtls_timeout);
  EXPECT_NEAR(static_cast<double>(to_ms(pair.clock.now() - begun)), 20000.0, 100.0);
}

TEST(PeerConnection, ice_that_never_connects_ends_five_seconds_after_it_failed) {
  PeerPair pair;
  pair.cut(true);
  pair.start();
  ASSERT_TRUE(pair.run_until(
      [&] { return !pair.a.ice_states.empty() && pair.a.ice_states.back() == rtc::IceState::failed; }, 60s));
  Instant failed = pair.clock.now();
  EXPECT_TRUE(pair.run_until([&] { return pair.a.closed.has_value(); }, 30s));
  EXPECT_EQ(pair.a.closed, CloseReason::ice_failed);
  EXPECT_EQ(pair.clock.now() - failed, 5s);
}

TEST(PeerConnection, ice_that_may_get_more_candidates_is_given_fifteen_seconds) {
  PeerPair pair;
  pair.cut(true);
  pair.a.create();
  pair.a.peer().set_remote(pair.b.transport(), pair.clock.now());
  pair.a.peer().add_remote_candidate(pair.b.candidate(), pair.clock.now());
  pair.a.settle();
  ASSERT_TRUE(pair.run_until(
      [&] { return !pair.a.ice_states.empty() && pair.a.ice_states.back() == rtc::IceState::failed; }, 60s));
  Instant failed = pair.clock.now();
  EXPECT_TRUE(pair.run_until([&] { return pair.a.closed.has_value(); }, 30s));
  EXPECT_EQ(pair.a.closed, CloseReason::ice_failed);
  EXPECT_EQ(pair.clock.now() - failed, 15s);
}

TEST(PeerConnection, lost_consent_is_told_and_may_recover) {
  PeerPair pair;
  ASSERT_TRUE(pair.connect());
  pair.cut(true);
  ASSERT_TRUE(pair.run_until([&] { return pair.a.failed_after_connect != 0; }, 60s));
  EXPECT_FALSE(pair.a.closed.has_value());
  EXPECT_TRUE(pair.run_until([&] { return pair.a.closed.has_value(); }, 60s));
  EXPECT_EQ(pair.a.closed, CloseReason::ice_failed);
}

TEST(PeerConnection, an_ice_restart_keeps_media_flowing) {
  PeerPair pair;
  pair.set_link({.latency = 20ms, .loss = 0.05});
  ASSERT_TRUE(pair.connect());
  size_t pairs = pair.a.pairs.size();
  for (uint16_t i = 0; i < 200; ++i) {
    if (i == 60) pair.restart_ice();
    EXPECT_TRUE(pair.a.send_media(1, i, i * 900u, i == 0)) << i;
    pair.run_for(10ms);
  }
  pair.run_for(1s);
  EXPECT_EQ(pair.b.rtp.size(), 200u);
  EXPECT_GT(pair.a.pairs.size(), pairs);
  EXPECT_EQ(pair.a.connected_events, 1u);
  EXPECT_EQ(pair.a.dtls_states.back().state, rtc::DtlsState::connected);
}

TEST(PeerConnection, media_follows_a_peer_to_another_address) {
  for (bool browser_moves : {true, false}) {
    SCOPED_TRACE(browser_moves);
    PeerPair pair;
    pair.set_link({.latency = 20ms});
    ASSERT_TRUE(pair.connect());
    PeerSide& mover = browser_moves ? pair.a : pair.b;
    PeerSide& other = browser_moves ? pair.b : pair.a;
    pair.run_for(10s);
    mover.move_to(ip("198.51.100.77"));
    // The next liveness check, at most six seconds away, shows where it is; the old path has a second.
    ASSERT_TRUE(pair.run_until([&] { return other.pairs.back().flow.remote == mover.address(); }, 10s));
    size_t before = mover.rtp.size();
    for (uint16_t i = 0; i < 50; ++i) {
      EXPECT_TRUE(other.send_media(1, i, i * 900u, i == 0));
      pair.run_for(10ms);
    }
    pair.run_for(100ms);
    EXPECT_EQ(mover.rtp.size() - before, 50u);
    EXPECT_EQ(other.connected_events, 1u);
    EXPECT_EQ(other.failed_after_connect, 0u);
    EXPECT_FALSE(pair.a.closed || pair.b.closed);
  }
}

TEST(PeerConnection, garbage_is_counted_and_harmless) {
  PeerPair pair;
  pair.b.echo = true;
  ASSERT_TRUE(pair.connect());
  SeededRandom random(7);
  std::vector<uint8_t> junk(1500);
  for (int i = 0; i < 5000; ++i) {
    random.fill(junk);
    if (i % 3 == 0) junk[0] = 0x80;                               // looks like RTP or RTCP
    if (i % 3 == 1) junk[0] = static_cast<uint8_t>(20 + i % 44);  // looks like DTLS
    if (i % 6 == 0) junk[1] = static_cast<uint8_t>(192 + i % 20);
    size_t size = random.below(junk.size());
    pair.b.handle(pair.a.address(), Bytes(junk).first(size));
    pair.b.handle(endpoint("203.0.113.9:9"), Bytes(junk).first(size));
  }
  auto stats = pair.b.peer().stats(pair.clock.now());
  EXPECT_FALSE(stats.drops.empty());
  EXPECT_TRUE(pair.b.rtp.empty());
  EXPECT_FALSE(pair.b.closed.has_value());
  pair.a.send_media(0, 1, 960);
  EXPECT_TRUE(pair.run_until([&] { return pair.a.rtp.size() == 1; }, 1s));
}

TEST(PeerConnection, media_that_overtakes_the_handshake_is_not_lost) {
  PeerPair pair;
  pair.set_link({.latency = 20ms, .reorder = 0.5, .reorder_delay = 30ms});
  pair.start();
  ASSERT_TRUE(pair.run_until([&] { return pair.a.connected || pair.b.connected; }, 10s));
  PeerSide& first = pair.a.connected ? pair.a : pair.b;
  PeerSide& second = pair.a.connected ? pair.b : pair.a;
  for (uint16_t i = 0; i < 5; ++i) first.send_media(0, i, i * 960u);
  EXPECT_TRUE(pair.run_until([&] { return second.rtp.size() == 5; }, 5s));
}

}  // namespace
}  // namespace limen::test
