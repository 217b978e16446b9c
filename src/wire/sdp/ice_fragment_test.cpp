#include "wire/sdp/ice_fragment.hpp"

#include <gtest/gtest.h>

#include "tests/support/sdp_fixtures.hpp"

namespace limen::sdp {
namespace {

constexpr std::string_view kTrickle =
    "a=ice-ufrag:EsAw\r\na=ice-pwd:P2uYro0UCOQ4zxjKXaWCBui1\r\n"
    "m=audio 9 UDP/TLS/RTP/SAVPF 0\r\na=mid:0\r\n"
    "a=candidate:1387637174 1 udp 2122260223 192.0.2.1 61764 typ host generation 0 ufrag EsAw network-id 1\r\n"
    "a=end-of-candidates\r\n";

TEST(IceFragment, trickled_candidates_are_read_and_written_as_they_were) {
  auto fragment = parse_ice_fragment(kTrickle);
  ASSERT_TRUE(fragment) << fragment.error().text;
  EXPECT_EQ(fragment->ufrag, "EsAw");
  ASSERT_EQ(fragment->media.size(), 1U);
  EXPECT_EQ(fragment->media[0].mid, "0");
  ASSERT_EQ(fragment->media[0].candidates.size(), 1U);
  EXPECT_TRUE(fragment->media[0].candidates[0].starts_with("candidate:1387637174 1 udp"));
  EXPECT_TRUE(fragment->media[0].end_of_candidates);
  EXPECT_EQ(write_ice_fragment(*fragment), kTrickle);
}

TEST(IceFragment, credentials_inside_an_m_line_count_and_bare_line_feeds_are_taken) {
  auto fragment = parse_ice_fragment(
      "m=video 9 RTP/AVP 0\na=mid:v\na=ice-ufrag:abcd\na=ice-pwd:0123456789012345678901\na=ice-options:trickle\n");
  ASSERT_TRUE(fragment);
  EXPECT_EQ(fragment->ufrag, "abcd");
  EXPECT_EQ(fragment->media.at(0).kind, "video");
}

TEST(IceFragment, what_is_malformed_or_too_much_is_refused) {
  std::string many = "m=audio 9 X 0\r\na=mid:0\r\n";
  for (int i = 0; i < 300; ++i) many += "a=candidate:1 1 udp 1 192.0.2.1 1 typ host\r\n";
  std::string lines;
  for (int i = 0; i < 65; ++i) lines += "m=audio 9 X 0\r\n";
  for (const std::string& bad : std::vector<std::string>{
           "nonsense", "a=ice-ufrag:abcd\r\n", "a=ice-ufrag:a\r\na=ice-pwd:0123456789012345678901\r\n",
           "a=ice-ufrag:ab cd\r\na=ice-pwd:0123456789012345678901\r\n",
           "a=candidate:1 1 udp 1 192.0.2.1 1 typ host\r\n", "a=mid:0\r\n", "m=image 9 X 0\r\n",
           "a=x:" + std::string(2000, 'y'), "a=x\x01\r\n", many, lines}) {
    EXPECT_FALSE(parse_ice_fragment(bad)) << bad.substr(0, 60);
  }
}

TEST(IceFragment, a_restart_changes_credentials_and_candidates_of_every_m_line) {
  auto offer = parse_sdp(test::chromium_offer());
  ASSERT_TRUE(offer);
  uint64_t version = offer->origin.version;
  auto fragment = parse_ice_fragment(kTrickle);
  restart_ice(*offer, *fragment);
  EXPECT_EQ(offer->origin.version, version + 1);
  for (const MediaDescription& media : offer->media) EXPECT_EQ(media.find("ice-ufrag")->value, "EsAw");
  EXPECT_EQ(offer->media[0].values("candidate").size(), 1U);
  IceFragment after = ice_of(*offer);
  EXPECT_EQ(after.password, fragment->password);
  EXPECT_EQ(after.media.at(0).candidates, fragment->media[0].candidates);
}

}  // namespace
}  // namespace limen::sdp
