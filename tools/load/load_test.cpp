// The tester's own judgement: counting, percentiles, sources, payload checks, descriptions.
#include <gtest/gtest.h>

#include "base/latency_histogram.hpp"
#include "tests/support/seeded_random.hpp"
#include "tools/load/inside_figures.hpp"
#include "tools/load/janus_link.hpp"
#include "tools/load/media_source.hpp"
#include "tools/load/sdp_text.hpp"
#include "tools/load/stream_tally.hpp"

namespace limen::load {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;
constexpr Instant kStart{std::chrono::hours(1)};

TEST(StreamTally, counts_loss_duplicates_and_reordering_over_the_wrap) {
  StreamTally tally;
  for (uint16_t sequence : {65533, 65534, 0, 65535, 0, 3}) tally.add(sequence);
  const StreamTotals& totals = tally.totals();
  EXPECT_EQ(totals.received, 6u);
  EXPECT_EQ(totals.expected, 7u);    // 65533 .. 3
  EXPECT_EQ(totals.duplicates, 1u);  // 0
  EXPECT_EQ(totals.reordered, 1u);   // 65535
  EXPECT_EQ(totals.lost(), 2u);      // 1, 2
}

TEST(StreamTally, a_straggler_before_the_first_packet_is_no_loss) {
  StreamTally tally;
  for (uint16_t sequence : {10, 9, 11}) tally.add(sequence);
  EXPECT_EQ(tally.totals().lost(), 0u);
  EXPECT_EQ(tally.totals().reordered, 1u);
}

TEST(StreamTally, counting_again_starts_behind_what_was_seen) {
  StreamTally tally;
  for (uint16_t sequence : {1, 5}) tally.add(sequence);
  tally.restart();
  for (uint16_t sequence : {4, 7, 8}) tally.add(sequence);
  EXPECT_EQ(tally.totals().received, 2u);
  EXPECT_EQ(tally.totals().lost(), 1u);  // 6
}

TEST(LatencyHistogram, percentiles_are_within_a_bucket) {
  LatencyHistogram histogram;
  for (int us = 1; us <= 1000; ++us) histogram.add(microseconds(us));
  EXPECT_NEAR(static_cast<double>(to_us(histogram.percentile(0.5))), 500, 63);
  EXPECT_NEAR(static_cast<double>(to_us(histogram.percentile(0.99))), 990, 125);
  EXPECT_EQ(histogram.percentile(1), microseconds(1000));
  LatencyHistogram other;
  other.add(milliseconds(50));
  histogram.add(other);
  EXPECT_EQ(histogram.count(), 1001u);
  EXPECT_EQ(histogram.highest(), milliseconds(50));
}

TEST(LatencyHistogram, counts_below_its_edges_and_sums) {
  LatencyHistogram histogram;
  for (int us : {1, 95, 96, 1999, 2047, 2048}) histogram.add(microseconds(us));
  EXPECT_EQ(histogram.count_below(microseconds(96)), 2u);
  EXPECT_EQ(histogram.count_below(microseconds(2048)), 5u);
  EXPECT_EQ(histogram.count_below(milliseconds(2)), 3u) << "1999 lies in a bucket that ends later";
  EXPECT_EQ(histogram.sum(), microseconds(6286));
}

TEST(InsideFigures, percentiles_of_all_loops_between_two_pages) {
  InsideCounts before = read_inside(
      "limen_media_inside_seconds_bucket{loop=\"media-0\",le=\"0.001\"} 1000\n"
      "limen_media_inside_seconds_bucket{loop=\"media-0\",le=\"0.002\"} 5000\n"
      "limen_media_inside_seconds_bucket{loop=\"media-0\",le=\"+Inf\"} 5000\n");
  InsideCounts after = read_inside(
      "# TYPE limen_media_inside_seconds histogram\n"
      "limen_media_inside_seconds_bucket{loop=\"media-0\",le=\"0.001\"} 1050\n"
      "limen_media_inside_seconds_bucket{loop=\"media-0\",le=\"0.002\"} 5100\n"
      "limen_media_inside_seconds_bucket{loop=\"media-0\",le=\"+Inf\"} 5100\n"
      "limen_media_inside_seconds_bucket{loop=\"media-1\",le=\"0.001\"} 50\n"
      "limen_media_inside_seconds_bucket{loop=\"media-1\",le=\"0.002\"} 100\n"
      "limen_media_inside_seconds_bucket{loop=\"media-1\",le=\"+Inf\"} 100\n"
      "limen_other_bucket{le=\"1\"} 7\n");
  EXPECT_EQ(after.size(), 3u);
  EXPECT_EQ(inside_percentile({}, after, 1), milliseconds(2));
  EXPECT_EQ(inside_percentile(before, after, 0.5), milliseconds(1));
  EXPECT_EQ(inside_percentile(after, after, 0.5), std::nullopt) << "nothing came";
}

TEST(MediaSource, keeps_its_bitrate_in_bursts) {
  MediaSource source({.video_kbps = 1000, .fps = 30, .packet_size = 1100}, 0, kStart);
  uint64_t video = 0, audio = 0, frames = 0;
  for (Instant now = kStart; now < kStart + std::chrono::seconds(10); now += milliseconds(1)) {
    source.run(now, [&](const SourcePacket& packet) {
      video += packet.video;
      audio += !packet.video;
      frames += packet.marker;
      EXPECT_TRUE(check_payload(packet.payload, packet.video).has_value());
    });
  }
  EXPECT_NEAR(static_cast<double>(video), 1136, 12);  // 10 s of 1 Mbit/s, and the first keyframe's surplus
  EXPECT_EQ(audio, 500u);
  EXPECT_NEAR(static_cast<double>(frames), 300, 2);
}

TEST(MediaSource, a_keyframe_comes_when_asked_and_not_too_often) {
  MediaSource source({.audio = false}, 0, kStart);
  int keyframes = 0;
  auto count = [&](const SourcePacket& p) { keyframes += (p.payload[0] & 0x10) != 0 && (p.payload[4] & 1) == 0; };
  for (Instant now = kStart; now < kStart + std::chrono::seconds(2); now += milliseconds(10)) {
    source.request_keyframe();
    source.run(now, count);
  }
  EXPECT_GE(keyframes, 3);
  EXPECT_LE(keyframes, 5);
}

TEST(MediaSource, keyframes_come_unasked_where_nobody_can_ask) {
  MediaSource source({.audio = false, .keyframe_every = std::chrono::seconds(2)}, 0, kStart);
  int keyframes = 0;
  for (Instant now = kStart; now < kStart + std::chrono::seconds(7); now += milliseconds(10)) {
    source.run(now, [&](const SourcePacket& p) { keyframes += (p.payload[0] & 0x10) != 0 && (p.payload[4] & 1) == 0; });
  }
  EXPECT_EQ(keyframes, 4);
}

TEST(MediaSource, a_changed_byte_is_seen) {
  std::vector<uint8_t> payload(200);
  write_payload(payload, true, true, true, 7, 4711, kStart);
  EXPECT_EQ(check_payload(payload, true), kStart);
  payload[150] ^= 1;
  EXPECT_FALSE(check_payload(payload, true).has_value());
  EXPECT_FALSE(check_payload(Bytes(payload).first(20), true).has_value());
}

LocalSide local_side() {
  LocalSide local;
  local.ice = {"ufragufr", "passwordpasswordpassword"};
  local.fingerprint = "AB:CD";
  local.hosts = {*SocketAddress::parse("192.0.2.1:5000")};
  local.feedback = true;
  return local;
}

TEST(LoadDescriptions, an_answer_to_the_own_offer_is_understood) {
  test::SeededRandom random(1);
  rtc::PeerMediaConfig offered;
  std::string offer = make_offer(local_side(), {.receive = false}, random, offered);
  auto as_offer = read_offer(offer);
  ASSERT_TRUE(as_offer.has_value()) << as_offer.error().text;
  ASSERT_EQ(as_offer->media.mlines.size(), 2u);
  EXPECT_EQ(as_offer->media.mlines[1].payloads[0].codec, Codec::vp8);
  EXPECT_EQ(as_offer->media.mlines[0].remote_ssrc[0], offered.mlines[0].local_ssrc);
  EXPECT_EQ(as_offer->candidates.size(), 1u);

  auto answer = read_answer(make_answer(offer, local_side(), *as_offer), offered);
  ASSERT_TRUE(answer.has_value()) << answer.error().text;
  EXPECT_EQ(answer->transport.local_dtls_role, rtc::DtlsRole::server);
  EXPECT_TRUE(answer->media.mlines[1].send);
  EXPECT_FALSE(answer->media.mlines[1].receive);
  EXPECT_TRUE(answer->media.mlines[1].extensions.has(ExtensionKind::transport_cc));
}

TEST(LoadDescriptions, a_simulcast_is_one_mline_with_three_ssrcs) {
  test::SeededRandom random(1);
  rtc::PeerMediaConfig offered;
  std::string offer = make_offer(local_side(), {.receive = false, .simulcast = true}, random, offered);
  ASSERT_EQ(offered.mlines.size(), 4u);
  EXPECT_EQ(offered.mlines[2].mid, offered.mlines[1].mid);
  std::string group = fmt::format("a=ssrc-group:SIM {} {} {}\r\n", offered.mlines[1].local_ssrc,
                                  offered.mlines[2].local_ssrc, offered.mlines[3].local_ssrc);
  EXPECT_NE(offer.find(group), std::string::npos) << offer;
  auto as_offer = read_offer(offer);
  ASSERT_TRUE(as_offer.has_value());
  EXPECT_EQ(as_offer->media.mlines.size(), 2u);
  auto answer = read_answer(make_answer(offer, local_side(), *as_offer), offered);
  ASSERT_TRUE(answer.has_value()) << answer.error().text;
  for (size_t i = 1; i < 4; ++i) EXPECT_TRUE(answer->media.mlines[i].send) << i;
}

TEST(MediaSource, simulcast_layers_share_the_bitrate) {
  SourceProfile whole{.video_kbps = 1400, .simulcast = true};
  EXPECT_EQ(simulcast_layer(whole, 0).video_kbps, 200u);
  EXPECT_EQ(simulcast_layer(whole, 1).video_kbps, 400u);
  EXPECT_EQ(simulcast_layer(whole, 2).video_kbps, 800u);
  EXPECT_TRUE(simulcast_layer(whole, 0).audio);
  EXPECT_FALSE(simulcast_layer(whole, 1).audio);
}

TEST(ServerUrl, four_schemes_and_what_is_missing_is_filled_in) {
  auto text = [](const char* url) { return parse_server_url(url).value().text(); };
  EXPECT_EQ(text("ws://example.org"), "ws://example.org:8188/");
  EXPECT_EQ(text("wss://example.org:444/x"), "wss://example.org:444/x");
  EXPECT_EQ(text("http://127.0.0.1"), "http://127.0.0.1:8088/janus");
  EXPECT_EQ(text("https://127.0.0.1/other"), "https://127.0.0.1:8089/other");
  EXPECT_EQ(parse_server_url("ws://[::1]:8188/").value().host, "::1");
}

TEST(ServerUrl, what_is_no_address_is_an_error) {
  for (const char* url :
       {"example.org", "ftp://example.org", "ws://", "ws://:8188", "ws://host:", "ws://host:x", "://h"}) {
    EXPECT_FALSE(parse_server_url(url).has_value()) << url;
  }
}

TEST(LoadDescriptions, what_cannot_be_used_is_an_error) {
  EXPECT_FALSE(read_offer("v=0\r\n").has_value());
  EXPECT_FALSE(
      read_offer("v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\nm=audio 9 UDP/TLS/RTP/SAVPF 111\r\n").has_value());
}

}  // namespace
}  // namespace limen::load
