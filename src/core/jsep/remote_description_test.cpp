#include "core/jsep/remote_description.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/sdp_fixtures.hpp"

namespace limen::core {
namespace {

using test::with;
using test::with_all;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

sdp::SessionDescription parsed(const std::string& text) {
  auto out = sdp::parse_sdp(text);
  EXPECT_TRUE(out) << out.error().text;
  return *out;
}

std::string without_lines(const std::string& text, std::string_view start) {
  std::string out;
  for (size_t at = 0; at < text.size();) {
    size_t end = text.find("\r\n", at) + 2;
    if (!std::string_view(text).substr(at).starts_with(start)) out += text.substr(at, end - at);
    at = end;
  }
  return out;
}

TEST(ReadRemote, takes_the_transport_of_the_first_mline_or_of_the_session) {
  auto chromium = read_remote(parsed(test::chromium_offer()), true);
  ASSERT_TRUE(chromium);
  EXPECT_EQ(chromium->transport.ice, (rtc::IceCredentials{"7Zd2", "9wq3ZmJcPMP6mJ0Dk4Kk1x2c"}));
  EXPECT_EQ(chromium->transport.fingerprint_hash, "sha-256");
  EXPECT_EQ(chromium->transport.fingerprint, test::kFingerprint);
  EXPECT_EQ(chromium->setup, "actpass");
  auto firefox = read_remote(parsed(test::firefox_offer()), true);
  ASSERT_TRUE(firefox);
  EXPECT_EQ(firefox->transport.ice.ufrag, "58b99ead");
  EXPECT_EQ(firefox->transport.fingerprint, test::kFingerprint);
}

TEST(ReadRemote, finds_the_transport_behind_a_rejected_first_mline) {
  std::string text = with(test::firefox_offer(), "m=audio 9", "m=audio 0");
  text = with(text, "c=IN IP4 0.0.0.0\r\na=sendrecv", "c=IN IP4 0.0.0.0\r\na=inactive");
  text = with(text, "a=ice-ufrag:58b99ead\r\na=mid:0", "a=mid:0");
  auto remote = read_remote(parsed(text), true);
  ASSERT_TRUE(remote);
  EXPECT_EQ(remote->transport.ice.ufrag, "58b99ead");
}

TEST(ReadRemote, refuses_what_ice_or_dtls_cannot_use) {
  const std::string offer = test::chromium_offer();
  const std::string texts[] = {
      without_lines(offer, "a=ice-ufrag"),
      without_lines(offer, "a=ice-pwd"),
      without_lines(offer, "a=fingerprint"),
      with_all(offer, "sha-256", "sha-512"),
      with_all(offer, "sha-256 A1", "sha-256 XX"),
      with_all(offer, "sha-256", "sha-1"),
      with_all(offer, "a=ice-ufrag:7Zd2", "a=ice-ufrag:" + std::string(300, 'u')),
  };
  for (const std::string& text : texts) EXPECT_FALSE(read_remote(parsed(text), true)) << text.substr(0, 400);
  EXPECT_TRUE(read_remote(parsed(texts[2]), false)) << "without encryption no fingerprint is needed";
}

TEST(ReadRemote, folds_the_case_of_hash_and_fingerprint) {
  auto remote = read_remote(parsed(with_all(with_all(test::chromium_offer(), "sha-256", "SHA-256"), "A1", "a1")), true);
  ASSERT_TRUE(remote);
  EXPECT_EQ(remote->transport.fingerprint_hash, "sha-256");
  EXPECT_EQ(remote->transport.fingerprint, test::kFingerprint);
}

TEST(ReadRemote, reads_candidates_of_the_first_two_mlines_once) {
  std::string text = test::aiortc_offer();
  text = with(text, "m=application 50000 DTLS/SCTP 5000\r\n",
              "m=application 50000 DTLS/SCTP 5000\r\na=candidate:9 1 udp 1 192.0.2.9 9 typ host\r\n");
  auto remote = read_remote(parsed(text), true);
  ASSERT_TRUE(remote);
  ASSERT_EQ(remote->candidates.size(), 1u);
  EXPECT_EQ(remote->candidates[0].address.to_string(), "192.0.2.7:50000");
}

TEST(ReadRemoteMedia, maps_rtx_and_repair_sources) {
  auto media = read_remote_media(parsed(test::chromium_offer()).media[1], RidOrder::high_first);
  EXPECT_EQ(media.rtx, (std::map<uint8_t, uint8_t>{{96, 97}, {102, 103}, {104, 105}, {98, 99}, {45, 46}, {114, 115}}));
  EXPECT_TRUE(media.fid);
  EXPECT_TRUE(media.nack);
  EXPECT_THAT(media.ssrc, ElementsAre(2231627014u, 0u, 0u));
  EXPECT_THAT(media.rtx_ssrc, ElementsAre(632943048u, 0u, 0u));
  EXPECT_FALSE(media.simulcast());
  EXPECT_FALSE(read_remote_media(parsed(test::chromium_offer()).media[0], RidOrder::high_first).nack);
}

TEST(ReadRemoteMedia, places_rids_by_their_order) {
  auto offer = parsed(test::chromium_simulcast_offer());
  EXPECT_THAT(read_remote_media(offer.media[0], RidOrder::high_first).slots, ElementsAre("l", "m", "h"));
  auto low_first = read_remote_media(offer.media[0], RidOrder::low_first);
  EXPECT_THAT(low_first.slots, ElementsAre("h", "m", "l"));
  EXPECT_EQ(low_first.rid_extension, 10);
  EXPECT_TRUE(low_first.simulcast());
}

TEST(ReadRemoteMedia, two_rids_use_the_two_lowest_slots_and_no_ssrcs) {
  auto media = read_remote_media(parsed(test::firefox_offer()).media[1], RidOrder::high_first);
  EXPECT_THAT(media.slots, ElementsAre("f", "q", ""));
  EXPECT_THAT(media.ssrc, ElementsAre(0u, 0u, 0u));
  EXPECT_TRUE(media.fid);
}

TEST(ReadRemoteMedia, understands_paused_and_legacy_simulcast) {
  std::string paused = with(test::chromium_simulcast_offer(), "send h;m;l", "recv x send h;~m;l");
  auto media = read_remote_media(parsed(paused).media[0], RidOrder::high_first);
  ASSERT_EQ(media.rids.size(), 3u);
  EXPECT_FALSE(media.rids[0].paused);
  EXPECT_TRUE(media.rids[1].paused);
  EXPECT_FALSE(media.legacy_simulcast);
  std::string legacy = with(test::chromium_simulcast_offer(), "simulcast:send h;m;l", "simulcast: send rid=h;m;l");
  EXPECT_TRUE(read_remote_media(parsed(legacy).media[0], RidOrder::high_first).legacy_simulcast);
}

TEST(ReadRemoteMedia, keeps_three_rids_and_only_those_that_are_sent) {
  std::string text = with(test::chromium_simulcast_offer(), "a=rid:h send\r\n",
                          "a=rid:r recv\r\na=rid:h send\r\na=rid:h send pt=96\r\n") +
                     "a=rid:x send\r\n";
  auto media = read_remote_media(parsed(text).media[0], RidOrder::high_first);
  EXPECT_THAT(media.slots, ElementsAre("l", "m", "h"));
}

TEST(ReadRemoteMedia, reads_ssrc_groups_of_older_simulcast) {
  std::string text = with(test::chromium_offer(), "a=ssrc-group:FID 2231627014 632943048",
                          "a=ssrc-group:SIM 11 12 13\r\na=ssrc-group:FID 11 21\r\na=ssrc-group:FID 13 23");
  auto media = read_remote_media(parsed(text).media[1], RidOrder::high_first);
  EXPECT_THAT(media.ssrc, ElementsAre(11u, 12u, 13u));
  EXPECT_THAT(media.rtx_ssrc, ElementsAre(21u, 0u, 23u));
  EXPECT_TRUE(media.simulcast());
  EXPECT_THAT(media.rids, IsEmpty());
}

TEST(ReadRemoteMedia, survives_nonsense) {
  std::string text = test::chromium_simulcast_offer() +
                     "a=ssrc-group:FID\r\na=ssrc-group:SIM x\r\na=ssrc:\x01\r\na=ssrc:99999999999 c\r\na=rid:z\r\n"
                     "a=fmtp:97 apt=97\r\na=rtcp-fb:x\r\na=extmap:0 y\r\na=extmap:300 y\r\na=extmap:4\r\n";
  auto media = read_remote_media(parsed(text).media[0], RidOrder::high_first);
  EXPECT_THAT(media.ssrc, ElementsAre(0u, 0u, 0u));
}

}  // namespace
}  // namespace limen::core
