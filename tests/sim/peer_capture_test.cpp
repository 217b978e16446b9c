// What an observer of a peer sees: the packets without their encryption, both ways.
#include <gtest/gtest.h>

#include <set>

#include "tests/support/peer_pair.hpp"
#include "wire/rtcp/rtcp_parser.hpp"

namespace limen::test {
namespace {

using namespace std::chrono_literals;

struct Seen final : rtc::PacketObserver {
  void on_plain(rtc::PlainKind kind, bool incoming, Bytes bytes) override {
    std::vector<uint8_t> copy(bytes.begin(), bytes.end());
    if (kind == rtc::PlainKind::rtp) (incoming ? rtp_in : rtp_out).insert(copy);
    if (kind == rtc::PlainKind::rtcp) (incoming ? rtcp_in : rtcp_out).insert(copy);
  }
  std::set<std::vector<uint8_t>> rtp_in, rtp_out, rtcp_in, rtcp_out;
};

TEST(PeerCapture, both_ends_see_the_same_plain_packets) {
  PeerPair pair(3);
  ASSERT_TRUE(pair.connect());
  Seen a, b;
  pair.a.peer().observe(&a);
  pair.b.peer().observe(&b);
  for (uint16_t i = 0; i < 200; ++i) {
    ASSERT_TRUE(pair.a.send_media(1, i, i * 900u, i == 0, 500));
    pair.run_for(10ms);
  }
  pair.run_for(1s);
  EXPECT_GE(a.rtp_out.size(), 200u);
  EXPECT_EQ(a.rtp_out, b.rtp_in);
  EXPECT_TRUE(b.rtp_out.empty());
  EXPECT_FALSE(a.rtcp_out.empty());
  EXPECT_FALSE(b.rtcp_out.empty());
  EXPECT_EQ(a.rtcp_out, b.rtcp_in);
  EXPECT_EQ(b.rtcp_out, a.rtcp_in);
  for (const auto& packet : a.rtcp_out) {
    rtcp::Compound compound = rtcp::parse_rtcp(packet);
    EXPECT_EQ(compound.malformed, 0u);
    EXPECT_FALSE(compound.messages.empty());
  }

  size_t before = a.rtp_out.size();
  pair.a.peer().observe(nullptr);
  ASSERT_TRUE(pair.a.send_media(1, 200, 200 * 900u, false, 500));
  EXPECT_EQ(a.rtp_out.size(), before);
}

}  // namespace
}  // namespace limen::test
