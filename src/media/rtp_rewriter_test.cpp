#include <gtest/gtest.h>

#include "media/layer_test_packets.hpp"
#include "media/rtp_rewriter.hpp"
#include "wire/codec/vp8.hpp"

namespace limen::media {
namespace {

using test::at_ms;
using test::Encoder;

TEST(RtpRewriter, one_source_passes_unchanged) {
  RtpRewriter rewriter(90000);
  Encoder camera;
  for (int i = 0; i < 3; ++i) {
    RtpPacket packet = camera.frame(i == 0);
    auto out = rewriter.rewrite(packet, at_ms(i * 33));
    ASSERT_TRUE(out);
    EXPECT_EQ(out->sequence, packet.sequence);
    EXPECT_EQ(out->timestamp, packet.timestamp);
  }
}

TEST(RtpRewriter, a_new_source_continues_numbers_and_time) {
  RtpRewriter rewriter(90000);
  Encoder first;
  Encoder second{.ssrc = 2000, .substream = 1, .sequence = 40000, .timestamp = 77};
  auto before = rewriter.rewrite(first.frame(true), at_ms(0));
  RtpPacket next = second.frame(true);
  auto after = rewriter.rewrite(next, at_ms(100));
  EXPECT_EQ(after->sequence, before->sequence + 1);
  EXPECT_EQ(after->timestamp, before->timestamp + 9000);
  EXPECT_EQ(rewriter.rewrite(second.frame(false), at_ms(133))->timestamp, after->timestamp + 3000);
}

TEST(RtpRewriter, time_advances_even_if_the_clock_did_not) {
  RtpRewriter rewriter(48000);
  Encoder first;
  Encoder second{.ssrc = 2000};
  auto before = rewriter.rewrite(first.frame(true), at_ms(5));
  auto after = rewriter.rewrite(second.frame(true), at_ms(5));
  EXPECT_EQ(after->timestamp, before->timestamp + 1);
}

TEST(RtpRewriter, a_pause_closes_the_gap_in_numbers_only) {
  RtpRewriter rewriter(90000);
  Encoder camera;
  auto before = rewriter.rewrite(camera.frame(true), at_ms(0));
  rewriter.pause();
  for (int i = 0; i < 50; ++i) camera.frame(false);
  RtpPacket later = camera.frame(false);
  auto after = rewriter.rewrite(later, at_ms(1700));
  EXPECT_EQ(after->sequence, before->sequence + 1);
  EXPECT_EQ(after->timestamp, later.timestamp);
}

// A real descriptor: X, I (15 bits), L, T; then a delta frame's first byte.
RtpPacket vp8_packet(PacketPool& pool, Encoder& encoder, uint16_t picture, uint8_t tl0, bool keyframe) {
  std::array<uint8_t, 8> payload{0x90, 0xe0, static_cast<uint8_t>(0x80 | picture >> 8), static_cast<uint8_t>(picture),
                                 tl0,  0x20, static_cast<uint8_t>(keyframe ? 0 : 1),    0};
  encoder.codec = Codec::vp8;
  RtpPacket packet = encoder.frame(keyframe, 0);
  packet.packet = pool.copy(payload, Instant{});
  packet.payload_size = payload.size();
  VideoFacts facts = vp8::parse(payload);
  packet.video.picture_id = facts.picture_id;
  packet.video.wide_picture_id = facts.wide_picture_id;
  packet.video.tl0_picture_index = facts.tl0_picture_index;
  packet.video.descriptor_size = facts.descriptor_size;
  return packet;
}

TEST(RtpRewriter, vp8_picture_ids_continue_over_a_switch) {
  PacketPool pool;
  RtpRewriter rewriter(90000);
  Encoder low;
  Encoder high{.ssrc = 2000, .substream = 1};
  ASSERT_TRUE(rewriter.rewrite(vp8_packet(pool, low, 0x7fff, 255, true), at_ms(0)));
  RtpPacket other = vp8_packet(pool, high, 1234, 17, true);
  auto out = rewriter.rewrite(other, at_ms(33));
  ASSERT_TRUE(out);
  ASSERT_GT(out->prefix_size, 0);
  std::vector<uint8_t> sent(out->prefix.begin(), out->prefix.begin() + out->prefix_size);
  Bytes rest = other.payload().subspan(out->prefix_replaced);
  sent.insert(sent.end(), rest.begin(), rest.end());
  auto descriptor = vp8::parse_descriptor(sent);
  ASSERT_TRUE(descriptor);
  EXPECT_EQ(descriptor->picture_id, 0);
  EXPECT_EQ(descriptor->tl0_picture_index, 0);
}

}  // namespace
}  // namespace limen::media
