// What two connected peers do for the media between them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "rtc/srtp/srtp_session.hpp"
#include "tests/support/peer_pair.hpp"
#include "wire/rtcp/rtcp_parser.hpp"
#include "wire/rtp/datagram_kind.hpp"

namespace limen::test {
namespace {

using namespace std::chrono_literals;
using rtc::MediaStateChanged;
using rtc::PeerStats;

std::set<uint16_t> sequences(const PeerSide& side, uint8_t mline) {
  std::set<uint16_t> out;
  for (const RtpPacket& packet : side.rtp) {
    if (packet.mline == mline) out.insert(packet.sequence);
  }
  return out;
}

uint64_t drops(const PeerStats& stats, std::string_view reason) {
  for (const auto& [name, count] : stats.drops) {
    if (name == reason) return count;
  }
  return 0;
}

// Video at 100 packets a second from a, for `count` packets.
void send_video(PeerPair& pair, uint16_t first, int count) {
  for (int i = 0; i < count; ++i) {
    auto sequence = static_cast<uint16_t>(first + i);
    EXPECT_TRUE(pair.a.send_media(1, sequence, sequence * 900u, i == 0, 900));
    pair.run_for(10ms);
  }
}

TEST(PeerMedia, five_percent_loss_is_recovered_by_rtx) {
  PeerPair pair(3);
  ASSERT_TRUE(pair.connect());
  pair.set_link({.latency = 50ms, .loss = 0.05});
  send_video(pair, 65000, 2000);
  pair.run_for(2s);
  auto got = sequences(pair.b, 1);
  EXPECT_GE(got.size(), 1996u) << "of 100 lost ones";
  EXPECT_EQ(pair.b.rtp.size(), got.size()) << "duplicates were passed on";
  size_t retransmitted = 0;
  for (const RtpPacket& packet : pair.b.rtp) {
    if (!packet.retransmitted) continue;
    ++retransmitted;
    EXPECT_EQ(packet.ssrc, 1001u);
    EXPECT_EQ(packet.payload_type, 96);
    EXPECT_EQ(packet.codec, Codec::vp8);
    EXPECT_EQ(packet.payload().size(), 900u);
    EXPECT_EQ(packet.payload().back(), static_cast<uint8_t>(packet.sequence));
  }
  EXPECT_GT(retransmitted, 50u);
  PeerStats stats = pair.b.peer().stats(pair.clock.now());
  EXPECT_EQ(stats.mlines[1].substreams[0].in.retransmissions, retransmitted);
  EXPECT_GT(stats.mlines[1].substreams[0].in.nacks, 50u);
  EXPECT_LT(stats.mlines[1].substreams[0].in.nacks, 200u) << "impatient";
  EXPECT_LT(drops(stats, "duplicate"), 30u);
  EXPECT_LT(stats.mlines[1].substreams[0].in_quality, 100);
  EXPECT_GE(stats.mlines[1].substreams[0].in_media_quality, 99);
  EXPECT_EQ(stats.mlines[1].rtx_payload_type, 97);
}

TEST(PeerMedia, without_rtx_the_very_same_packet_comes_again) {
  PeerPair pair(4);
  for (PeerSide* side : {&pair.a, &pair.b}) {
    side->media.mlines[1].local_rtx_ssrc = side->media.mlines[1].remote_rtx_ssrc[0] = 0;
    side->media.mlines[1].payloads[0].rtx_payload_type.reset();
  }
  ASSERT_TRUE(pair.connect());
  pair.set_link({.latency = 50ms, .loss = 0.05});
  std::map<uint16_t, std::vector<uint8_t>> sent;
  size_t again = 0;
  pair.network.set_tap([&](const SimDatagram& d) {
    if (d.from != pair.a.address() || !looks_like_rtp(d.bytes)) return;
    auto [at, added] = sent.emplace(load_u16(&d.bytes[2]), d.bytes);
    if (added) return;
    ++again;
    EXPECT_EQ(at->second, d.bytes) << "one SRTP index with two contents";
  });
  send_video(pair, 0, 1000);
  pair.run_for(2s);
  EXPECT_GE(sequences(pair.b, 1).size(), 998u);
  EXPECT_GT(again, 20u);
}

TEST(PeerMedia, reordering_is_not_taken_for_loss_for_long) {
  PeerPair pair(5);
  ASSERT_TRUE(pair.connect());
  pair.set_link({.latency = 20ms, .reorder = 0.1, .reorder_delay = 15ms});
  send_video(pair, 0, 1000);
  pair.run_for(1s);
  PeerStats stats = pair.b.peer().stats(pair.clock.now());
  EXPECT_EQ(sequences(pair.b, 1).size(), 1000u);
  EXPECT_LT(stats.mlines[1].substreams[0].in.nacks, 30u) << "of 100 reordered packets";
}

TEST(PeerMedia, a_keyframe_request_travels) {
  PeerPair pair;
  ASSERT_TRUE(pair.connect());
  send_video(pair, 0, 5);
  pair.b.peer().send(KeyframeRequest{1, false}, pair.clock.now());
  pair.b.settle();
  ASSERT_TRUE(pair.run_until([&] { return !pair.a.feedback.empty(); }, 1s));
  EXPECT_EQ(std::get<KeyframeRequest>(pair.a.feedback[0]), (KeyframeRequest{1, false}));
}

TEST(PeerMedia, keyframe_requests_are_coalesced_and_end_with_a_keyframe) {
  PeerPair pair;
  ASSERT_TRUE(pair.connect());
  send_video(pair, 0, 5);
  auto ask = [&] {
    pair.b.peer().send(KeyframeRequest{1, false}, pair.clock.now());
    pair.b.settle();
  };
  for (int i = 0; i < 100; ++i) ask();
  pair.run_for(150ms);
  EXPECT_EQ(pair.a.feedback.size(), 1u);
  pair.run_for(1s);
  EXPECT_EQ(pair.a.feedback.size(), 2u) << "the held back request";
  ask();
  ask();
  pair.run_for(20ms);
  pair.a.send_media(1, 5, 4500, true);
  pair.run_for(1s);
  EXPECT_EQ(pair.a.feedback.size(), 3u) << "answered before it was due";
}

TEST(PeerMedia, a_bitrate_estimate_travels) {
  PeerPair pair;
  ASSERT_TRUE(pair.connect());
  pair.b.peer().send(BitrateEstimate{512000}, pair.clock.now());
  pair.b.settle();
  ASSERT_TRUE(pair.run_until([&] { return !pair.a.feedback.empty(); }, 1s));
  EXPECT_EQ(std::get<BitrateEstimate>(pair.a.feedback[0]).bps, 512000u);
}

TEST(PeerMedia, reports_tell_round_trip_loss_and_jitter) {
  PeerPair pair(6);
  ASSERT_TRUE(pair.connect());
  pair.set_link({.latency = 40ms}, {.latency = 40ms, .loss = 0});
  send_video(pair, 0, 500);
  pair.run_for(100ms);
  PeerStats stats = pair.a.peer().stats(pair.clock.now());
  EXPECT_NEAR(stats.mlines[1].substreams[0].rtt_ms, 80, 5);
  EXPECT_EQ(stats.mlines[1].substreams[0].lost_by_remote, 0);
  EXPECT_EQ(stats.mlines[1].substreams[0].out_quality, 100);
  EXPECT_GT(stats.mlines[1].nack_queue_ms, 200u);
  EXPECT_EQ(stats.mlines[1].out.packets, 500u);
  EXPECT_EQ(pair.b.peer().stats(pair.clock.now()).mlines[1].substreams[0].in.packets, 500u);
}

TEST(PeerMedia, reports_are_whole_compounds_of_bounded_size_with_the_time_of_day) {
  PeerPair pair;
  pair.a.config.encrypt = pair.b.config.encrypt = false;
  constexpr int64_t kWall = 1'700'000'000;
  pair.b.config.wall_offset = std::chrono::seconds(kWall) - pair.clock.now().time_since_epoch();
  for (uint32_t i = 2; i < 40; ++i) {
    rtc::MlineConfig extra = pair.b.media.mlines[0];
    extra.mid = std::to_string(i);
    extra.local_ssrc = 5000 + i;
    extra.remote_ssrc = {};
    pair.b.media.mlines.push_back(extra);
  }
  ASSERT_TRUE(pair.connect());
  pair.run_for(500ms);
  for (uint8_t i = 2; i < 40; ++i) pair.b.send_media(i, 1, 48000);
  std::set<uint32_t> reported;
  pair.network.set_tap([&](const SimDatagram& d) {
    if (d.from != pair.b.address() || !looks_like_rtcp(d.bytes)) return;
    EXPECT_LE(d.bytes.size(), 1200u);
    rtcp::Compound compound = rtcp::parse_rtcp(d.bytes);
    EXPECT_EQ(compound.malformed, 0u);
    for (size_t i = 0; i + 1 < compound.messages.size(); i += 2) {
      auto* report = std::get_if<rtcp::SenderReport>(&compound.messages[i]);
      auto* names = std::get_if<rtcp::SourceDescription>(&compound.messages[i + 1]);
      ASSERT_TRUE(report != nullptr && names != nullptr);
      EXPECT_EQ(names->chunks[0].ssrc, report->ssrc);
      EXPECT_EQ(names->chunks[0].cname, "janus");
      EXPECT_EQ(static_cast<int64_t>(report->ntp >> 32) - 2'208'988'800 - kWall, 1);
      EXPECT_EQ(report->packet_count, 1u);
      EXPECT_EQ(report->octet_count, 200u);
      EXPECT_NEAR(report->rtp_timestamp, 48000 + 24000, 100);
      EXPECT_TRUE(reported.insert(report->ssrc).second);
    }
  });
  pair.run_for(700ms);
  EXPECT_EQ(reported.size(), 38u);
}

TEST(PeerMedia, transport_feedback_is_sent_every_period_while_video_comes) {
  PeerPair pair;
  ASSERT_TRUE(pair.connect());
  send_video(pair, 0, 10);
  uint64_t before = pair.network.stats().sent;
  pair.run_for(5s);  // reports and checks only
  uint64_t idle = pair.network.stats().sent - before;
  before = pair.network.stats().sent;
  send_video(pair, 10, 500);
  uint64_t busy = pair.network.stats().sent - before - 500;
  EXPECT_NEAR(static_cast<double>(busy - idle), 25.0, 6.0);
}

TEST(PeerMedia, replayed_and_forged_packets_are_dropped) {
  PeerPair pair;
  ASSERT_TRUE(pair.connect());
  std::vector<uint8_t> captured;
  pair.network.set_tap([&](const SimDatagram& d) {
    if (d.from == pair.a.address() && looks_like_rtp(d.bytes)) captured = d.bytes;
  });
  pair.a.send_media(0, 1, 960);
  pair.run_for(50ms);
  ASSERT_EQ(pair.b.rtp.size(), 1u);
  pair.network.set_tap({});
  pair.a.send_raw(pair.b.address(), captured);
  captured.back() ^= 1;
  captured[3] ^= 0x40;
  pair.a.send_raw(pair.b.address(), captured);
  pair.run_for(50ms);
  EXPECT_EQ(pair.b.rtp.size(), 1u);
  PeerStats stats = pair.b.peer().stats(pair.clock.now());
  EXPECT_EQ(drops(stats, "SRTP " + std::string(rtc::srtp_status_name(rtc::SrtpStatus::replayed))), 1u);
  EXPECT_EQ(drops(stats, "SRTP " + std::string(rtc::srtp_status_name(rtc::SrtpStatus::authentication_failed))), 1u);
}

TEST(PeerMedia, says_when_media_begins_stops_and_begins_again) {
  PeerPair pair;
  pair.b.config.tuning.no_media_timer = 2s;
  ASSERT_TRUE(pair.connect());
  pair.run_for(3s);
  EXPECT_TRUE(pair.b.media_states.empty()) << "nothing ever came";
  send_video(pair, 0, 100);
  ASSERT_EQ(pair.b.media_states.size(), 1u);
  EXPECT_EQ(pair.b.media_states[0].mline, 1);
  EXPECT_TRUE(pair.b.media_states[0].receiving);
  Instant last = pair.clock.now() - 10ms;
  ASSERT_TRUE(pair.run_until([&] { return pair.b.media_states.size() == 2; }, 10s));
  EXPECT_FALSE(pair.b.media_states[1].receiving);
  EXPECT_EQ(pair.clock.now() - last, 2s);
  pair.run_for(10s);
  EXPECT_EQ(pair.b.media_states.size(), 2u);
  send_video(pair, 100, 1);
  ASSERT_EQ(pair.b.media_states.size(), 3u);
  EXPECT_TRUE(pair.b.media_states[2].receiving);
}

TEST(PeerMedia, slow_links_are_told_in_both_directions) {
  PeerPair pair(8);
  pair.a.config.tuning.slowlink_threshold = pair.b.config.tuning.slowlink_threshold = 10;
  ASSERT_TRUE(pair.connect());
  send_video(pair, 0, 200);
  EXPECT_TRUE(pair.a.slow_links.empty());
  EXPECT_TRUE(pair.b.slow_links.empty());
  pair.set_link({.latency = 10ms, .loss = 0.4}, {.latency = 10ms});
  send_video(pair, 200, 400);
  ASSERT_FALSE(pair.b.slow_links.empty());
  EXPECT_EQ(pair.b.slow_links[0].mline, 1);
  EXPECT_FALSE(pair.b.slow_links[0].uplink);
  EXPECT_GE(pair.b.slow_links[0].lost, 10u);
  ASSERT_FALSE(pair.a.slow_links.empty());
  EXPECT_TRUE(pair.a.slow_links[0].uplink);
}

TEST(PeerMedia, media_on_an_m_line_that_does_not_receive_is_dropped) {
  PeerPair pair;
  pair.b.media.mlines[0].receive = false;
  ASSERT_TRUE(pair.connect());
  pair.a.send_media(0, 1, 960);
  pair.run_for(100ms);
  EXPECT_TRUE(pair.b.rtp.empty());
  EXPECT_EQ(drops(pair.b.peer().stats(pair.clock.now()), "m-line does not receive"), 1u);
}

TEST(PeerMedia, a_turned_off_direction_ends_receiving) {
  PeerPair pair;
  ASSERT_TRUE(pair.connect());
  send_video(pair, 0, 5);
  pair.b.media.mlines[1].receive = false;
  pair.b.peer().set_media(pair.b.media, pair.clock.now());
  pair.b.settle();
  ASSERT_EQ(pair.b.media_states.size(), 2u);
  EXPECT_FALSE(pair.b.media_states[1].receiving);
}

TEST(PeerMedia, a_renegotiation_adds_an_m_line_and_keeps_the_others_going) {
  PeerPair pair;
  ASSERT_TRUE(pair.connect());
  send_video(pair, 65500, 100);
  for (PeerSide* side : {&pair.a, &pair.b}) {
    rtc::MlineConfig extra = side->media.mlines[1];
    extra.mid = "2";
    extra.local_ssrc += 100;
    extra.local_rtx_ssrc += 100;
    extra.remote_ssrc = {};
    extra.remote_rtx_ssrc = {};
    side->media.mlines.push_back(extra);
    side->peer().set_media(side->media, pair.clock.now());
    side->settle();
  }
  send_video(pair, 64, 50);
  EXPECT_EQ(sequences(pair.b, 1).size(), 150u);
  EXPECT_EQ(pair.b.peer().stats(pair.clock.now()).mlines[1].substreams[0].lost, 0);
  // The new one's SSRC is learnt from its mid.
  EXPECT_TRUE(pair.a.send_media(2, 7, 100, true));
  pair.run_for(100ms);
  EXPECT_EQ(sequences(pair.b, 2), (std::set<uint16_t>{7}));
  EXPECT_EQ(pair.b.peer().stats(pair.clock.now()).mlines[2].substreams[0].ssrc, 1101u);
}

TEST(PeerMedia, ssrcs_are_learnt_from_the_mid) {
  PeerPair pair;
  for (auto& mline : pair.b.media.mlines) mline.remote_ssrc = mline.remote_rtx_ssrc = {};
  ASSERT_TRUE(pair.connect());
  pair.set_link({.latency = 20ms, .loss = 0.05});
  pair.a.send_media(0, 1, 960);
  send_video(pair, 0, 500);
  pair.run_for(1s);
  EXPECT_EQ(sequences(pair.b, 0).size(), 1u);
  EXPECT_GE(sequences(pair.b, 1).size(), 499u) << "the RTX stream too";
}

TEST(PeerMedia, what_no_m_line_claims_is_dropped) {
  PeerPair pair;
  for (auto& mline : pair.b.media.mlines) mline.remote_ssrc = mline.remote_rtx_ssrc = {};
  pair.b.media.mlines[1].mid = "video";
  pair.b.media.mlines[1].remote_ssrc = {};
  ASSERT_TRUE(pair.connect());
  send_video(pair, 0, 3);
  EXPECT_TRUE(pair.b.rtp.empty());
  EXPECT_EQ(drops(pair.b.peer().stats(pair.clock.now()), "unknown SSRC"), 3u);
}

// Plain RTP as a browser's simulcast sends it: mid and rid (or repaired-rid) in each packet.
std::vector<uint8_t> layer_packet(uint32_t ssrc, uint8_t payload_type, uint16_t sequence, uint8_t rid_id, char rid,
                                  std::vector<uint8_t> payload) {
  std::vector<uint8_t> raw(12 + 8 + payload.size());
  ByteWriter out(raw);
  out.u8(0x90);
  out.u8(payload_type);
  out.u16(sequence);
  out.u32(9000);
  out.u32(ssrc);
  out.u16(0xbede);
  out.u16(1);
  out.u8(1 << 4);
  out.u8('1');
  out.u8(static_cast<uint8_t>(rid_id << 4));
  out.u8(static_cast<uint8_t>(rid));
  out.bytes(payload);
  return raw;
}

class PeerSimulcast : public testing::Test {
 protected:
  PeerSimulcast() {
    pair.a.config.encrypt = pair.b.config.encrypt = false;
    auto& video = pair.b.media.mlines[1];
    video.remote_ssrc = video.remote_rtx_ssrc = {};
    video.rids = {"l", "m", "h"};
    video.extensions.set(ExtensionKind::rid, 10);
    video.extensions.set(ExtensionKind::repaired_rid, 11);
  }
  void arrive(const std::vector<uint8_t>& bytes) { pair.b.handle(pair.a.address(), bytes); }

  PeerPair pair;
  std::vector<uint8_t> vp8{0x10, 0x01, 0, 0};
};

TEST_F(PeerSimulcast, layers_are_told_apart_by_rid) {
  ASSERT_TRUE(pair.connect());
  arrive(layer_packet(70, 96, 1, 10, 'h', vp8));
  arrive(layer_packet(50, 96, 1, 10, 'l', vp8));
  arrive(layer_packet(60, 96, 1, 10, 'm', vp8));
  arrive(layer_packet(66, 96, 1, 10, 'x', vp8));
  ASSERT_EQ(pair.b.rtp.size(), 3u);
  EXPECT_EQ(pair.b.rtp[0].substream, 2);
  EXPECT_EQ(pair.b.rtp[1].substream, 0);
  EXPECT_EQ(pair.b.rtp[2].substream, 1);
  ASSERT_EQ(pair.b.media_states.size(), 3u);
  EXPECT_EQ(pair.b.media_states[0].substream, 2);
  PeerStats stats = pair.b.peer().stats(pair.clock.now());
  EXPECT_EQ(stats.mlines[1].substreams[0].ssrc, 50u);
  EXPECT_EQ(stats.mlines[1].substreams[2].ssrc, 70u);
  EXPECT_EQ(drops(stats, "unknown SSRC"), 1u);
}

TEST_F(PeerSimulcast, retransmissions_are_told_apart_by_repaired_rid) {
  ASSERT_TRUE(pair.connect());
  arrive(layer_packet(71, 97, 9, 11, 'h', {0, 5, 0x10, 0x01, 0, 0}));
  EXPECT_TRUE(pair.b.rtp.empty());
  arrive(layer_packet(70, 96, 6, 10, 'h', vp8));
  arrive(layer_packet(71, 97, 10, 11, 'h', {0, 5, 0x10, 0x01, 0, 0}));
  ASSERT_EQ(pair.b.rtp.size(), 2u);
  EXPECT_TRUE(pair.b.rtp[1].retransmitted);
  EXPECT_EQ(pair.b.rtp[1].ssrc, 70u);
  EXPECT_EQ(pair.b.rtp[1].sequence, 5);
  EXPECT_EQ(pair.b.rtp[1].substream, 2);
  EXPECT_EQ(pair.b.rtp[1].payload().size(), 4u);
}

TEST_F(PeerSimulcast, a_layer_may_change_its_ssrc) {
  ASSERT_TRUE(pair.connect());
  arrive(layer_packet(70, 96, 1, 10, 'h', vp8));
  arrive(layer_packet(77, 96, 4000, 10, 'h', vp8));
  ASSERT_EQ(pair.b.rtp.size(), 2u);
  EXPECT_EQ(pair.b.media_states.size(), 1u);
  EXPECT_EQ(pair.b.peer().stats(pair.clock.now()).mlines[1].substreams[2].ssrc, 77u);
}

TEST_F(PeerSimulcast, a_keyframe_is_asked_of_all_layers) {
  ASSERT_TRUE(pair.connect());
  for (auto [ssrc, rid] : {std::pair{50u, 'l'}, {60u, 'm'}, {70u, 'h'}})
    arrive(layer_packet(ssrc, 96, 1, 10, rid, vp8));
  std::set<uint32_t> asked;
  pair.network.set_tap([&](const SimDatagram& d) {
    if (looks_like_rtcp(d.bytes) && d.bytes.size() == 20) asked.insert(load_u32(&d.bytes[16]));
  });
  pair.b.peer().send(KeyframeRequest{1, false}, pair.clock.now());
  pair.b.settle();
  EXPECT_EQ(asked, (std::set<uint32_t>{50, 60, 70}));
}

TEST_F(PeerSimulcast, hostile_ssrcs_do_not_grow_the_state) {
  ASSERT_TRUE(pair.connect());
  for (uint32_t ssrc = 10002; ssrc < 15000; ++ssrc) arrive(layer_packet(ssrc, 96, 1, 10, "lmh"[ssrc % 3], vp8));
  PeerStats stats = pair.b.peer().stats(pair.clock.now());
  EXPECT_EQ(stats.mlines[1].substreams[0].ssrc, 14997u);
  EXPECT_EQ(pair.b.media_states.size(), 3u);
}

TEST_F(PeerSimulcast, plain_media_from_elsewhere_is_dropped) {
  ASSERT_TRUE(pair.connect());
  pair.b.handle(endpoint("203.0.113.9:9"), layer_packet(70, 96, 1, 10, 'h', vp8));
  EXPECT_TRUE(pair.b.rtp.empty());
  EXPECT_EQ(drops(pair.b.peer().stats(pair.clock.now()), "unexpected source"), 1u);
}

}  // namespace
}  // namespace limen::test
