#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "media/fanout/fake_shards.hpp"
#include "media/forward/plain_rtp_leg.hpp"
#include "media/forward/sdes.hpp"
#include "wire/rtcp/rtcp_parser.hpp"
#include "wire/rtcp/rtcp_writer.hpp"
#include "wire/rtp/rtp_parser.hpp"

namespace limen::media {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

const IpAddress kPeer = IpAddress::v4(0x0a000001), kStranger = IpAddress::v4(0x0a000002);
constexpr uint64_t kRtp = 1, kRtcp = 2;  // the fake shard's ports

std::vector<uint8_t> rtp(uint16_t sequence, uint32_t ssrc = 7) {
  std::vector<uint8_t> bytes(20, 0);
  bytes[0] = 0x80;
  store_u16(&bytes[2], sequence);
  store_u32(&bytes[8], ssrc);
  return bytes;
}

class PlainLeg : public testing::Test {
 protected:
  PlainLeg() : shards_(1), shard_(shards_[0]) { open(); }
  void open() {
    PlainRtpObserver observer;
    observer.rtp = [this](const RtpPacket& packet) { heard_.push_back(packet.sequence); };
    observer.rtcp = [this](const RtcpFeedback& feedback) { told_.push_back(feedback); };
    auto leg = PlainRtpLeg::open(shard_, ports_, kPeer, WallTime{}, std::move(observer));
    ASSERT_TRUE(leg) << leg.error().text;
    leg_ = std::move(*leg);
  }
  void send(uint16_t sequence) {
    RtpPacket packet = *parse_rtp(shard_.packets().copy(rtp(sequence, 99), {}), {});
    leg_->send(OutgoingRtp::same_as(packet));
  }
  std::vector<SocketAddress> sent_to(uint64_t port) {
    std::vector<SocketAddress> out;
    for (const auto& one : shard_.datagrams) {
      if (one.port.value() == port) out.push_back(one.to);
    }
    shard_.datagrams.clear();
    return out;
  }

  test::FakeShards shards_;
  test::FakeShard& shard_;
  PortPairs ports_{20001, 20009};
  std::unique_ptr<PlainRtpLeg> leg_;
  std::vector<uint16_t> heard_;
  std::vector<RtcpFeedback> told_;
};

TEST(PortPairs, go_round_in_steps_of_two_inside_the_range) {
  PortPairs ports(20001, 20007);
  EXPECT_EQ(ports.count(), 3U);
  std::vector<uint16_t> seen;
  for (int i = 0; i < 4; ++i) seen.push_back(ports.next());
  EXPECT_THAT(seen, ElementsAre(20002, 20004, 20006, 20002));
}

TEST_F(PlainLeg, nothing_goes_anywhere_and_nobody_is_heard_before_the_peer_is_known) {
  send(1);
  shard_.receive_on(kRtp, {kStranger, 5004}, rtp(1));
  EXPECT_THAT(shard_.datagrams, IsEmpty());
  EXPECT_THAT(heard_, IsEmpty());
  EXPECT_EQ(leg_->counters().foreign, 1U);
}

TEST_F(PlainLeg, packets_go_as_they_came_and_a_report_goes_beside_them) {
  leg_->set_remote({.ip = kPeer, .port = 5004});
  send(1);
  ASSERT_THAT(shard_.datagrams, SizeIs(2));
  EXPECT_EQ(shard_.datagrams[0].bytes, rtp(1, 99));
  EXPECT_EQ(shard_.datagrams[0].to, (SocketAddress{kPeer, 5004}));
  EXPECT_EQ(shard_.datagrams[1].to, (SocketAddress{kPeer, 5005}));
  auto report = rtcp::parse_rtcp(shard_.datagrams[1].bytes);
  ASSERT_THAT(report.messages, SizeIs(2));
  EXPECT_EQ(std::get<rtcp::SenderReport>(report.messages[0]).packet_count, 1U);
}

TEST_F(PlainLeg, a_peer_that_wants_nothing_gets_nothing) {
  leg_->set_remote({.ip = kPeer, .port = 5004, .send = false});
  send(1);
  EXPECT_THAT(shard_.datagrams, IsEmpty());
}

TEST_F(PlainLeg, only_the_peer_is_heard_and_followed_to_another_port_once) {
  leg_->set_remote({.ip = kPeer, .port = 5004});
  shard_.receive_on(kRtp, {kStranger, 5004}, rtp(1));
  shard_.receive_on(kRtp, {kPeer, 6000}, rtp(2));
  send(1);
  EXPECT_THAT(sent_to(kRtp), ElementsAre(SocketAddress{kPeer, 6000}));
  shard_.receive_on(kRtp, {kPeer, 7000}, rtp(3));
  send(2);
  EXPECT_THAT(sent_to(kRtp), ElementsAre(SocketAddress{kPeer, 6000}));
  EXPECT_THAT(heard_, ElementsAre(2, 3));
}

TEST_F(PlainLeg, an_unspecified_address_is_learned) {
  leg_->set_remote({.ip = IpAddress(), .port = 5004});
  send(1);
  EXPECT_THAT(shard_.datagrams, IsEmpty());
  shard_.receive_on(kRtp, {kPeer, 6000}, rtp(1));
  send(2);
  EXPECT_THAT(sent_to(kRtp), ElementsAre(SocketAddress{kPeer, 6000}));
  shard_.receive_on(kRtp, {kStranger, 6000}, rtp(2));
  EXPECT_THAT(heard_, ElementsAre(1));
}

TEST_F(PlainLeg, with_keys_what_is_not_authentic_is_dropped_and_moves_nothing) {
  SrtpMaterial key{.suite = 80, .key = std::vector<uint8_t>(30, 1)};
  ASSERT_TRUE(leg_->set_keys(key, key));
  leg_->set_remote({.ip = kPeer, .port = 5004});
  shard_.receive_on(kRtp, {kPeer, 6000}, rtp(1));
  EXPECT_EQ(leg_->counters().unauthentic, 1U);
  send(1);
  EXPECT_EQ(shard_.datagrams.at(0).to.port, 5004);
  EXPECT_EQ(shard_.datagrams.at(0).bytes.back(), 0xee);
  std::vector<uint8_t> protected_packet = rtp(2);
  protected_packet.push_back(0xee);
  shard_.receive_on(kRtp, {kPeer, 5004}, protected_packet);
  EXPECT_THAT(heard_, ElementsAre(2));
  EXPECT_FALSE(leg_->set_keys(SrtpMaterial{.suite = 80, .key = {1}}, std::nullopt));
}

TEST_F(PlainLeg, feedback_goes_both_ways) {
  leg_->set_remote({.ip = kPeer, .port = 5004});
  std::array<uint8_t, 128> buffer;
  rtcp::CompoundWriter writer(buffer);
  writer.add(rtcp::PictureLoss{.sender_ssrc = 1, .media_ssrc = 2});
  writer.add(rtcp::ReceiverEstimate{.sender_ssrc = 1, .bps = 64000, .ssrcs = {2}});
  shard_.receive_on(kRtcp, {kPeer, 5005}, {writer.written().begin(), writer.written().end()});
  shard_.receive_on(kRtcp, {kStranger, 5005}, {writer.written().begin(), writer.written().end()});
  EXPECT_THAT(told_, ElementsAre(RtcpFeedback(KeyframeRequest{}), RtcpFeedback(BitrateEstimate{64000})));
  shard_.receive_on(kRtp, {kPeer, 5004}, rtp(1, 4321));
  EXPECT_TRUE(leg_->ask_keyframe());
  auto asked = rtcp::parse_rtcp(shard_.datagrams.at(0).bytes);
  EXPECT_EQ(std::get<rtcp::PictureLoss>(asked.messages.at(1)).media_ssrc, 4321U);
}

TEST(Sdes, lines_are_read_and_written) {
  auto line = parse_sdes_line("3 AES_CM_128_HMAC_SHA1_32 inline:d0RmdmcmVCspeEc3QGZiNWpVLFJhQX1cfHAwJSoj|2^20|1:4");
  ASSERT_TRUE(line);
  EXPECT_EQ(line->tag, 3U);
  EXPECT_EQ(line->material.suite, 32);
  EXPECT_THAT(line->material.key, SizeIs(30));
  EXPECT_EQ(write_sdes_line(*line), "3 AES_CM_128_HMAC_SHA1_32 inline:d0RmdmcmVCspeEc3QGZiNWpVLFJhQX1cfHAwJSoj");
  for (std::string_view bad :
       {"", "1", "x AES_CM_128_HMAC_SHA1_80 inline:AAAA", "1 AES_CM_128_HMAC_SHA1_80 inline:AAAA",
        "1 NULL inline:d0RmdmcmVCspeEc3QGZiNWpVLFJhQX1cfHAwJSoj",
        "1 AES_CM_128_HMAC_SHA1_80 d0RmdmcmVCspeEc3QGZiNWpVLFJhQX1cfHAwJSoj",
        "1 AES_CM_128_HMAC_SHA1_80 inline:d0Rm*mcmVCspeEc3QGZiNWpVLFJhQX1cfHAwJSoj"}) {
    EXPECT_FALSE(parse_sdes_line(bad)) << bad;
  }
}

}  // namespace
}  // namespace limen::media
