#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "media/fanout/fake_shards.hpp"
#include "media/forward/rtp_forwarder.hpp"
#include "media/forward/rtp_receiver.hpp"
#include "media/layer_test_packets.hpp"
#include "wire/rtcp/rtcp_parser.hpp"
#include "wire/rtcp/rtcp_writer.hpp"
#include "wire/rtp/rtp_parser.hpp"

namespace limen::media {
namespace {

using test::at_ms;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

const SocketAddress kFar{IpAddress::v4(0x0a000001), 5004};

// VP8: descriptor of one byte, then a key frame's first byte (bit 0 clear) or not.
std::vector<uint8_t> rtp_bytes(uint32_t ssrc, uint16_t sequence, bool keyframe = false) {
  std::vector<uint8_t> bytes = {0x90, 0xe0, 0, 0, 0, 0, 0, 9, 0, 0, 0, 0, 0xbe, 0xde, 0, 1, 0x10, 0x31, 0, 0, 0x10, 0};
  store_u16(&bytes[2], sequence);
  store_u32(&bytes[8], ssrc);
  bytes[21] = keyframe ? 0x10 : 0x11;
  bytes.insert(bytes.end(), {0x02, 0x00, 0x9d, 0x01, 0x2a, 0x80, 0x02, 0xe0, 0x01});
  return bytes;
}

class Forward : public testing::Test {
 protected:
  Forward() : shards_(1), shard_(shards_[0]) {}
  std::unique_ptr<RtpForwarder> open(ForwardSpec spec) {
    auto forwarder = RtpForwarder::open(shard_, std::move(spec), {.ask_keyframe = [this](uint32_t ssrc) {
                                          ++asked_;
                                          asked_for_ = ssrc;
                                        }});
    EXPECT_TRUE(forwarder) << forwarder.error().text;
    return std::move(*forwarder);
  }
  RtpPacket packet(uint32_t ssrc, uint16_t sequence, uint8_t substream = 0, bool keyframe = false) {
    RtpPacket packet = *parse_rtp(shard_.packets().copy(rtp_bytes(ssrc, sequence, keyframe), {}), {});
    packet.substream = substream;
    packet.video.keyframe = keyframe;
    return packet;
  }
  static std::vector<uint8_t> pli() {
    std::array<uint8_t, 64> buffer;
    rtcp::CompoundWriter writer(buffer);
    writer.add(rtcp::PictureLoss{.sender_ssrc = 1, .media_ssrc = 2});
    return {writer.written().begin(), writer.written().end()};
  }

  test::FakeShards shards_;
  test::FakeShard& shard_;
  int asked_ = 0;
  uint32_t asked_for_ = 0;
};

TEST_F(Forward, packets_leave_as_they_came) {
  auto forwarder = open({.kind = MediaKind::video, .to = kFar});
  forwarder->on_rtp(packet(77, 5), at_ms(0));
  ASSERT_THAT(shard_.datagrams, SizeIs(1));
  EXPECT_EQ(shard_.datagrams[0].bytes, rtp_bytes(77, 5));
  EXPECT_EQ(shard_.datagrams[0].to, kFar);
  EXPECT_EQ(forwarder->counters().packets, 1U);
}

TEST_F(Forward, ssrc_and_payload_type_are_replaced_when_wanted) {
  auto forwarder = open({.kind = MediaKind::video, .to = kFar, .payload_type = 101, .ssrc = 4242});
  forwarder->on_rtp(packet(77, 5), at_ms(0));
  auto header = parse_rtp_header(shard_.datagrams.at(0).bytes);
  ASSERT_TRUE(header);
  EXPECT_EQ(header->ssrc, 4242U);
  EXPECT_EQ(header->payload_type, 101);
  EXPECT_TRUE(header->marker);
  EXPECT_EQ(header->sequence, 5);
  EXPECT_NE(header->extensions_offset, 0);
}

TEST_F(Forward, one_substream_or_the_best_of_them) {
  auto low = open({.kind = MediaKind::video, .to = kFar, .substream = 0});
  auto best = open({.kind = MediaKind::video, .to = kFar, .ssrc = 9, .simulcast = true});
  for (RtpForwarder* each : {low.get(), best.get()}) {
    each->on_rtp(packet(1, 10, 0, true), at_ms(0));
    each->on_rtp(packet(2, 700, 1, true), at_ms(10));
    each->on_rtp(packet(1, 11, 0), at_ms(33));
    each->on_rtp(packet(2, 701, 1), at_ms(43));
  }
  std::vector<std::pair<uint32_t, int>> sent;
  for (const auto& datagram : shard_.datagrams) {
    auto header = parse_rtp_header(datagram.bytes);
    sent.emplace_back(header->ssrc, header->sequence);
  }
  EXPECT_THAT(
      sent, ElementsAre(std::pair(1U, 10), std::pair(1U, 11), std::pair(9U, 10), std::pair(9U, 11), std::pair(9U, 12)));
  EXPECT_FALSE(RtpForwarder::open(shard_, {.kind = MediaKind::video, .to = kFar, .simulcast = true}, {}));
}

TEST_F(Forward, keyframes_are_asked_for_by_the_receivers_rtcp) {
  auto forwarder = open({.kind = MediaKind::video, .to = kFar, .rtcp_port = 5005});
  ASSERT_NE(forwarder->local_rtcp_port(), 0);
  ASSERT_THAT(shard_.datagrams, SizeIs(2)) << "the receiver is told where RTCP goes";
  EXPECT_EQ(shard_.datagrams[0].to, (SocketAddress{kFar.ip, 5005}));
  EXPECT_THAT(shard_.datagrams[0].bytes, SizeIs(12));
  uint64_t port = shard_.datagrams[0].port.value();
  shard_.receive_on(port, kFar, pli());
  EXPECT_EQ(asked_, 1);
  EXPECT_EQ(asked_for_, 2U);
  shard_.receive_on(port, {IpAddress::v4(0x0a000002), 1}, pli());  // a stranger
  shard_.receive_on(port, kFar, {0x80, 0xce, 0xff, 0xff});
  EXPECT_EQ(asked_, 1);
}

TEST_F(Forward, the_receiver_is_told_again_where_rtcp_goes_until_it_answers) {
  auto forwarder = open({.kind = MediaKind::video, .to = kFar, .rtcp_port = 5005});
  auto latches = [this] {
    return std::ranges::count_if(shard_.datagrams, [](const auto& one) { return one.to.port == 5005; });
  };
  shards_.now += std::chrono::milliseconds(1500);
  forwarder->on_rtp(packet(77, 5), shards_.now);
  forwarder->on_rtp(packet(77, 6), shards_.now);
  EXPECT_EQ(latches(), 3);
  shard_.receive_on(shard_.datagrams[0].port.value(), kFar, pli());
  shards_.now += std::chrono::milliseconds(1500);
  forwarder->on_rtp(packet(77, 7), shards_.now);
  EXPECT_EQ(latches(), 3);
}

TEST_F(Forward, srtp_protects_what_leaves_and_authenticates_what_comes_back) {
  SrtpMaterial material{.suite = 80, .key = std::vector<uint8_t>(30, 1)};
  auto forwarder = open({.kind = MediaKind::video, .to = kFar, .rtcp_port = 5005, .srtp = material});
  forwarder->on_rtp(packet(77, 5), at_ms(0));
  std::vector<uint8_t> expected = rtp_bytes(77, 5);
  expected.push_back(0xee);
  EXPECT_EQ(shard_.datagrams.back().bytes, expected);
  uint64_t port = shard_.datagrams[0].port.value();
  std::vector<uint8_t> request = pli();
  shard_.receive_on(port, kFar, request);
  EXPECT_EQ(asked_, 0);
  request.push_back(0xee);
  shard_.receive_on(port, kFar, request);
  EXPECT_EQ(asked_, 1);
  material.key.resize(29);
  EXPECT_FALSE(RtpForwarder::open(shard_, {.kind = MediaKind::audio, .to = kFar, .srtp = material}, {}));
}

TEST_F(Forward, data_is_the_payload_alone) {
  auto forwarder = open({.kind = MediaKind::data, .to = kFar, .rtcp_port = 7});
  forwarder->on_data({.label = "l", .protocol = "", .binary = true, .bytes = {1, 2}});
  forwarder->on_data({.label = "l", .protocol = "", .binary = false, .bytes = {}});
  ASSERT_THAT(shard_.datagrams, SizeIs(1));
  EXPECT_THAT(shard_.datagrams[0].bytes, ElementsAre(1, 2));
  EXPECT_EQ(forwarder->local_rtcp_port(), 0);
}

TEST_F(Forward, framed_data_are_told_apart_and_bounded) {
  auto forwarder = open({.kind = MediaKind::data, .to = kFar, .ssrc = 1020, .framed_data = true});
  forwarder->on_data({.label = "l", .protocol = "", .binary = true, .bytes = {1, 2}});
  forwarder->on_data({.label = "l", .protocol = "", .binary = false, .bytes = std::vector<uint8_t>(3000, 7)});
  ASSERT_THAT(shard_.datagrams, SizeIs(2));
  EXPECT_THAT(shard_.datagrams[0].bytes, ElementsAre(0x80, 1, 0, 0, 0, 0, 0, 0, 0, 0, 3, 0xfc, 1, 2));
  EXPECT_THAT(shard_.datagrams[1].bytes, SizeIs(RtpForwarder::kMaxFramed));
  auto header = parse_rtp_header(shard_.datagrams[1].bytes);
  ASSERT_TRUE(header);
  EXPECT_EQ(header->payload_type, 0);
  EXPECT_EQ(header->sequence, 1);
}

TEST_F(Forward, ports_are_closed_with_their_owner_and_a_missing_one_is_an_error) {
  open({.kind = MediaKind::video, .to = kFar, .rtcp_port = 5005}).reset();
  EXPECT_THAT(shard_.receivers, IsEmpty());
  shard_.refuse_ports = true;
  EXPECT_FALSE(RtpForwarder::open(shard_, {.kind = MediaKind::audio, .to = kFar}, {}));
}

class Receive : public Forward {
 protected:
  std::unique_ptr<RtpReceiver> receive(ReceiveSpec spec) {
    spec.codec = Codec::vp8;
    spec.mline = 3;
    auto receiver =
        RtpReceiver::open(shard_, std::move(spec), [this](const RtpPacket& packet) { got_.push_back(packet); });
    EXPECT_TRUE(receiver);
    return std::move(*receiver);
  }
  std::vector<RtpPacket> got_;
};

TEST_F(Receive, packets_are_parsed_with_their_codec_facts) {
  auto receiver = receive({});
  EXPECT_EQ(receiver->port(), 40001);
  shard_.receive_on(1, kFar, rtp_bytes(5, 9, true));
  shard_.receive_on(1, kFar, rtp_bytes(5, 10));
  ASSERT_THAT(got_, SizeIs(2));
  EXPECT_TRUE(got_[0].video.keyframe);
  EXPECT_FALSE(got_[1].video.keyframe);
  EXPECT_EQ(got_[0].mline, 3);
  EXPECT_EQ(got_[0].codec, Codec::vp8);
}

TEST_F(Receive, what_is_no_rtp_is_counted_and_dropped) {
  auto receiver = receive({});
  shard_.receive_on(1, kFar, {0x16, 0xfe, 0xff});
  std::vector<uint8_t> cut = rtp_bytes(5, 9);
  cut[15] = 0xff;  // the extension block runs past the end
  shard_.receive_on(1, kFar, cut);
  EXPECT_THAT(got_, IsEmpty());
  EXPECT_EQ(receiver->counters().foreign, 1U);
  EXPECT_EQ(receiver->counters().malformed, 1U);
}

TEST_F(Receive, keyframes_are_asked_of_where_rtp_came_from_or_better_rtcp) {
  auto receiver = receive({.rtcp_bind = UdpBind{}});
  EXPECT_FALSE(receiver->ask_keyframe(5));
  shard_.receive_on(1, kFar, rtp_bytes(5, 9));
  EXPECT_TRUE(receiver->ask_keyframe(5));
  SocketAddress rtcp{kFar.ip, 6000};
  shard_.receive_on(2, rtcp, std::vector<uint8_t>(12, 0x80));
  EXPECT_TRUE(receiver->ask_keyframe(5));
  ASSERT_THAT(shard_.datagrams, SizeIs(2));
  EXPECT_EQ(shard_.datagrams[0].to, kFar);
  EXPECT_EQ(shard_.datagrams[0].port.value(), 1U);
  EXPECT_EQ(shard_.datagrams[1].to, rtcp);
  EXPECT_EQ(shard_.datagrams[1].port.value(), 2U);
  auto compound = rtcp::parse_rtcp(shard_.datagrams[1].bytes);
  ASSERT_THAT(compound.messages, SizeIs(2));
  EXPECT_EQ(std::get<rtcp::PictureLoss>(compound.messages[1]).media_ssrc, 5U);
}

TEST_F(Receive, several_streams_share_a_port) {
  ReceivedStream low{.codec = Codec::vp8, .mline = 1, .substream = 0, .extensions = {}, .dependency = {}};
  ReceivedStream high{.codec = Codec::vp8, .mline = 1, .substream = 2, .extensions = {}, .dependency = {}};
  auto receiver = receive({.choose =
                               [&](const RtpHeader& header) {
                                 return header.ssrc == 1010 ? &low : header.ssrc == 1012 ? &high : nullptr;
                               },
                           .reduced_rtcp = true});
  shard_.receive_on(1, kFar, rtp_bytes(1010, 1, true));
  shard_.receive_on(1, kFar, rtp_bytes(1012, 1));
  shard_.receive_on(1, kFar, rtp_bytes(1011, 1));
  ASSERT_THAT(got_, SizeIs(2));
  EXPECT_TRUE(got_[0].video.keyframe);
  EXPECT_EQ(got_[0].mline, 1);
  EXPECT_EQ(got_[1].substream, 2);
  EXPECT_EQ(receiver->counters().foreign, 1U);
  EXPECT_TRUE(receiver->ask_keyframe(1010));
  EXPECT_THAT(shard_.datagrams.at(0).bytes, ElementsAre(0x81, 206, 0, 2, 0, 0, 0, 1, 0, 0, 3, 0xf2));
}

TEST_F(Receive, only_authentic_packets_pass_with_srtp) {
  auto receiver = receive({.srtp = SrtpMaterial{.suite = 80, .key = std::vector<uint8_t>(30, 1)}});
  std::vector<uint8_t> bytes = rtp_bytes(5, 9);
  shard_.receive_on(1, kFar, bytes);
  EXPECT_THAT(got_, IsEmpty());
  EXPECT_EQ(receiver->counters().unauthentic, 1U);
  EXPECT_FALSE(receiver->ask_keyframe(5)) << "a stranger's address is not learnt";
  bytes.push_back(0xee);
  shard_.receive_on(1, kFar, bytes);
  EXPECT_THAT(got_, SizeIs(1));
  EXPECT_FALSE(receiver->set_srtp(SrtpMaterial{}));
}

}  // namespace
}  // namespace limen::media
