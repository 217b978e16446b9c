#include "rtc/streams/send_stream.hpp"

#include <gtest/gtest.h>

#include "wire/rtp/rtp_parser.hpp"

namespace limen::rtc {
namespace {

using namespace std::chrono_literals;

class SendStreamTest : public testing::Test {
 protected:
  SendStreamTest() {
    config.kind = MediaKind::video;
    config.send = config.nack = true;
    config.local_ssrc = 111;
    config.local_rtx_ssrc = 222;
    config.payloads = {{96, Codec::vp8, 90000, 97}};
    stream.update_keep(config, 200ms);
  }
  Bytes send(uint16_t sequence, bool keyframe = false, bool forget = false) {
    std::array<uint8_t, 40> raw{0x80, 96};
    store_u16(&raw[2], sequence);
    raw[39] = static_cast<uint8_t>(sequence);
    source = *parse_rtp(pool.copy(raw, now), {});
    source.video.keyframe = keyframe;
    OutgoingRtp note = OutgoingRtp::same_as(source);
    note.timestamp = sequence * 3000u;
    note.padding = 3;
    WrittenRtp written = stream.write(note, config, -1, now, out);
    stream.on_sent(note, written, -1, forget, now);
    return Bytes(out).first(written.size);
  }

  PacketPool pool;
  RecentPackets recent;
  MlineConfig config;
  SendStream stream{recent, 1000};
  RtpPacket source;
  std::array<uint8_t, 2000> out{};
  Instant now{1h};
};

TEST_F(SendStreamTest, a_lost_packet_comes_again_as_rtx) {
  for (uint16_t i = 0; i < 20; ++i) send(i);
  SentPacket* sent = stream.find_for_resend(7, 0ms, now);
  ASSERT_NE(sent, nullptr);
  WrittenRtp written = stream.write_rtx(*sent, config, 0, -1, now, out);
  ASSERT_TRUE(written);
  auto packet = parse_rtp(pool.copy(Bytes(out).first(written.size), now), {});
  ASSERT_TRUE(packet);
  EXPECT_EQ(packet->ssrc, 222u);
  EXPECT_EQ(packet->payload_type, 97);
  EXPECT_EQ(packet->sequence, 1000);
  ASSERT_TRUE(unwrap_rtx(*packet, 111, 96));
  EXPECT_EQ(packet->sequence, 7);
  EXPECT_EQ(packet->timestamp, 21000u);
  EXPECT_EQ(packet->payload().back(), 7);
}

TEST_F(SendStreamTest, without_rtx_the_very_same_bytes_come_again) {
  config.local_rtx_ssrc = 0;
  config.extensions.set(ExtensionKind::abs_send_time, 3);
  config.extensions.set(ExtensionKind::transport_cc, 4);
  Bytes bytes = send(5);
  std::vector<uint8_t> first(bytes.begin(), bytes.end());
  now += 20ms;
  send(6);
  SentPacket* sent = stream.find_for_resend(5, 0ms, now);
  ASSERT_NE(sent, nullptr);
  ASSERT_FALSE(stream.resends_as_rtx(*sent, config));
  WrittenRtp written = stream.write_again(*sent, config, 0, out);
  ASSERT_TRUE(written);
  EXPECT_EQ(std::vector<uint8_t>(out.begin(), out.begin() + written.size), first);
}

TEST_F(SendStreamTest, a_packet_that_the_shard_let_go_does_not_come_again) {
  send(1);
  for (size_t i = 0; i < RecentPackets::kMaxPackets; ++i) {
    RtpPacket other = source;
    other.payload_offset = static_cast<uint16_t>(i);  // never the same packet twice
    recent.add(other, 1s, now);
  }
  EXPECT_EQ(stream.find_for_resend(1, 0ms, now), nullptr);
  EXPECT_EQ(recent.size(), RecentPackets::kMaxPackets);
}

TEST_F(SendStreamTest, one_source_packet_is_kept_once_for_all_subscribers) {
  SendStream another{recent, 1};
  another.update_keep(config, 200ms);
  send(1);
  OutgoingRtp note = OutgoingRtp::same_as(source);
  note.sequence = 900;
  WrittenRtp written = another.write(note, config, -1, now, out);
  another.on_sent(note, written, -1, false, now);
  EXPECT_EQ(recent.size(), 1u);
  SentPacket* sent = another.find_for_resend(900, 0ms, now);
  ASSERT_NE(sent, nullptr);
  EXPECT_EQ(sent->sequence, 900);
}

TEST_F(SendStreamTest, one_packet_is_not_sent_again_and_again) {
  send(1);
  SentPacket* sent = stream.find_for_resend(1, 60ms, now);
  stream.on_resent(*sent, 10, now);
  EXPECT_EQ(stream.find_for_resend(1, 60ms, now), nullptr);
  now += 45ms;
  sent = stream.find_for_resend(1, 60ms, now);
  ASSERT_NE(sent, nullptr);
  stream.on_resent(*sent, 10, now);
  now += 45ms;
  EXPECT_EQ(stream.find_for_resend(1, 60ms, now), nullptr);
  now += 45ms;
  EXPECT_NE(stream.find_for_resend(1, 60ms, now), nullptr);
}

TEST_F(SendStreamTest, packets_are_kept_for_their_time_only) {
  send(1);
  now += 200ms;
  EXPECT_NE(stream.find_for_resend(1, 0ms, now), nullptr);
  now += 1ms;
  EXPECT_EQ(stream.find_for_resend(1, 0ms, now), nullptr);
  stream.end_interval(now);
  EXPECT_EQ(stream.history().size(), 0u);
  source = {};
  EXPECT_EQ(pool.free_count(), pool.allocated());
}

TEST_F(SendStreamTest, history_is_found_across_the_wrap_and_with_neighbours_out_of_order) {
  for (int i = 65500; i < 65536 + 60; ++i) send(static_cast<uint16_t>(i ^ 1));
  for (int i = 65500; i < 65536 + 60; ++i) {
    SentPacket* sent = stream.find_for_resend(static_cast<uint16_t>(i), 0ms, now);
    ASSERT_NE(sent, nullptr) << i;
    EXPECT_EQ(sent->sequence, static_cast<uint16_t>(i));
  }
  EXPECT_EQ(stream.find_for_resend(65499, 0ms, now), nullptr);
  EXPECT_EQ(stream.find_for_resend(60, 0ms, now), nullptr);
}

TEST_F(SendStreamTest, history_is_bounded) {
  for (int i = 0; i < 3000; ++i) send(static_cast<uint16_t>(i));
  EXPECT_EQ(stream.history().size(), SendHistory::kMaxPackets);
  EXPECT_EQ(stream.find_for_resend(3000 - SendHistory::kMaxPackets - 1, 0ms, now), nullptr);
  EXPECT_NE(stream.find_for_resend(3000 - SendHistory::kMaxPackets, 0ms, now), nullptr);
}

TEST_F(SendStreamTest, a_keyframe_may_empty_the_history) {
  send(1);
  send(2, true, true);
  EXPECT_EQ(stream.history().size(), 1u);
  send(3, false, true);
  EXPECT_EQ(stream.history().size(), 2u);
}

TEST_F(SendStreamTest, keeps_for_two_requests_within_its_bounds) {
  EXPECT_EQ(stream.keep(), 200ms);
  rtcp::ReportBlock block;
  for (int i = 0; i < 60; ++i) {
    stream.on_report(block, 150ms);
    stream.update_keep(config, 200ms);
  }
  EXPECT_NEAR(static_cast<double>(to_ms(stream.keep())), 550.0, 3.0);
  for (int i = 0; i < 60; ++i) {
    stream.on_report(block, 4s);
    stream.update_keep(config, 200ms);
  }
  EXPECT_NEAR(static_cast<double>(to_ms(stream.keep())), 1000.0, 3.0);
  stream.update_keep(config, 0ms);
  EXPECT_EQ(stream.keep(), 0ms);
  send(1);
  EXPECT_EQ(stream.history().size(), 0u);
}

TEST_F(SendStreamTest, quality_and_losses_come_from_the_reports) {
  rtcp::ReportBlock block{.ssrc = 111, .fraction_lost = 0, .packets_lost = 0, .highest_sequence = 100};
  stream.on_report(block, std::nullopt);
  block.packets_lost = 30;
  block.highest_sequence = 200;
  stream.on_report(block, std::nullopt);
  EXPECT_EQ(stream.link_quality().value(), 90);
  EXPECT_EQ(stream.take_reported_losses(), 30u);
  EXPECT_EQ(stream.take_reported_losses(), 0u);
}

}  // namespace
}  // namespace limen::rtc
