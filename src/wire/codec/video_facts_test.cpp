#include "wire/codec/video_facts.hpp"

#include <gtest/gtest.h>

#include "wire/codec/av1.hpp"
#include "wire/codec/h264.hpp"
#include "wire/codec/h265.hpp"
#include "wire/codec/vp8.hpp"
#include "wire/codec/vp9.hpp"
#include "wire/test_bytes.hpp"

namespace limen {
namespace {

using test::hex;
using test::vec;

VideoFacts facts(Codec codec, std::string_view text) {
  return parse_video_facts(codec, hex(text));
}

TEST(Vp8, full_descriptor_of_a_keyframe) {
  // X S; I L T K; 15-bit picture id; TL0; TID 1 Y; then a frame tag with the key frame bit clear, 640x480.
  auto payload = hex("90 f0 92 34 07 60 10 02 00 9d 01 2a 80 02 e0 01");
  VideoFacts f = parse_video_facts(Codec::vp8, payload);
  EXPECT_TRUE(f.keyframe);
  EXPECT_TRUE(f.start_of_frame);
  EXPECT_TRUE(f.layer_sync);
  EXPECT_EQ(f.temporal, 1);
  EXPECT_EQ(f.picture_id, 0x1234);
  EXPECT_TRUE(f.wide_picture_id);
  EXPECT_EQ(f.tl0_picture_index, 7);
  EXPECT_EQ(f.descriptor_size, 6);
  EXPECT_EQ(vp8::keyframe_size(payload), (VideoSize{640, 480}));
}

TEST(Vp8, keyframes_begin_only_in_the_first_packet_of_partition_0) {
  EXPECT_TRUE(facts(Codec::vp8, "10 00").keyframe);
  EXPECT_FALSE(facts(Codec::vp8, "10 01").keyframe);  // interframe
  EXPECT_FALSE(facts(Codec::vp8, "00 00").keyframe);  // not the start
  EXPECT_FALSE(facts(Codec::vp8, "11 00").keyframe);  // another partition
  EXPECT_FALSE(facts(Codec::vp8, "10").keyframe);     // nothing behind the descriptor
  EXPECT_EQ(facts(Codec::vp8, "10 00").picture_id, -1);
  EXPECT_EQ(facts(Codec::vp8, "10 00").temporal, -1);
  EXPECT_EQ(facts(Codec::vp8, "90 80 05 00").picture_id, 5);
  EXPECT_FALSE(facts(Codec::vp8, "90 80 05 00").wide_picture_id);
}

TEST(Vp8, truncated_descriptors_say_nothing) {
  for (const char* text : {"", "90", "90 80", "90 80 81", "90 e0 81 01", "90 f0 81 01 05"}) {
    VideoFacts f = facts(Codec::vp8, text);
    EXPECT_EQ(f.descriptor_size, 0) << text;
    EXPECT_FALSE(f.keyframe) << text;
  }
}

TEST(Vp8, the_descriptor_is_rewritten_in_its_own_width) {
  PacketPool pool;
  auto rewritten = [&pool](std::string_view text, uint16_t id, uint8_t tl0) {
    RtpPacket packet;
    packet.packet = pool.copy(hex(text), Instant{});
    packet.payload_size = static_cast<uint16_t>(packet.packet.size());
    OutgoingRtp note = OutgoingRtp::same_as(packet);
    EXPECT_TRUE(vp8::rewrite_descriptor(note, id, tl0));
    EXPECT_EQ(note.prefix_replaced, note.prefix_size);
    return vec(Bytes(note.prefix).first(note.prefix_size));
  };
  EXPECT_EQ(rewritten("90 e0 92 34 07 60 aa", 0x7ffe, 0xfe), hex("90 e0 ff fe fe 60"));
  EXPECT_EQ(rewritten("90 80 05 aa", 0x1234, 9), hex("90 80 34"));
  EXPECT_EQ(rewritten("10 aa", 0x1234, 9), hex("10"));
  OutgoingRtp nothing;
  EXPECT_FALSE(vp8::rewrite_descriptor(nothing, 1, 1));
}

TEST(Vp9, non_flexible_descriptor_with_structure) {
  // I P0 L F0 B E0 V Z0; 15-bit id; T1 U S0 D0; TL0; SS: 2 layers with sizes, group of 1 with 1 reference.
  auto payload = hex("aa 81 02 30 09 38 01 40 00 b4 02 80 01 68 01 04 01 ff");
  auto d = vp9::parse_descriptor(payload);
  ASSERT_TRUE(d);
  EXPECT_EQ(d->picture_id, 0x102);
  EXPECT_EQ(d->temporal, 1);
  EXPECT_EQ(d->spatial, 0);
  EXPECT_EQ(d->tl0_picture_index, 9);
  EXPECT_TRUE(d->has_structure);
  EXPECT_EQ(d->spatial_layers, 2);
  EXPECT_EQ(d->sizes[1], (VideoSize{640, 360}));
  EXPECT_EQ(d->pictures_in_group, 1);
  EXPECT_EQ(d->size, 17);
  VideoFacts f = parse_video_facts(Codec::vp9, payload);
  EXPECT_TRUE(f.keyframe);
  EXPECT_TRUE(f.layer_sync);
  EXPECT_TRUE(f.start_of_frame);
  EXPECT_FALSE(f.end_of_frame);
  EXPECT_EQ(vp9::keyframe_size(payload), (VideoSize{640, 360}));
}

TEST(Vp9, flexible_mode_has_references_and_no_tl0) {
  auto d = vp9::parse_descriptor(hex("f4 05 23 03 04 ff"));
  ASSERT_TRUE(d);
  EXPECT_TRUE(d->flexible);
  EXPECT_EQ(d->picture_id, 5);
  EXPECT_EQ(d->temporal, 1);
  EXPECT_EQ(d->spatial, 1);
  EXPECT_TRUE(d->inter_layer);
  EXPECT_EQ(d->tl0_picture_index, -1);
  EXPECT_EQ(d->reference_count, 2);
  EXPECT_EQ(d->reference_differences[0], 1);
  EXPECT_EQ(d->reference_differences[1], 2);
  EXPECT_TRUE(d->end_of_layer_frame);
  EXPECT_EQ(d->size, 5);
}

TEST(Vp9, upper_spatial_layers_of_a_key_picture_are_no_keyframes) {
  EXPECT_TRUE(facts(Codec::vp9, "a8 01 00 01 ff").keyframe);
  EXPECT_FALSE(facts(Codec::vp9, "a8 01 03 01 ff").keyframe);
  EXPECT_FALSE(facts(Codec::vp9, "e8 01 00 01 ff").keyframe);  // inter-picture predicted
  EXPECT_FALSE(facts(Codec::vp9, "a0 01 00 01 ff").keyframe);  // not the start
  EXPECT_TRUE(facts(Codec::vp9, "88 01 ff").keyframe);         // no layers at all
}

TEST(Vp9, malformed_descriptors_say_nothing) {
  for (const char* text :
       {"", "80", "80 81", "a0 01", "a0 01 00", "d0 01 01 01 01 ff", "82 01", "82 01 18 01", "82 01 08 02 04"}) {
    EXPECT_FALSE(vp9::parse_descriptor(hex(text))) << text;
    EXPECT_EQ(facts(Codec::vp9, text).descriptor_size, 0) << text;
  }
}

TEST(H264, keyframes_by_packetization) {
  EXPECT_TRUE(facts(Codec::h264, "67 42 00 1f").keyframe);                 // SPS alone
  EXPECT_TRUE(facts(Codec::h264, "65 88").keyframe);                       // IDR, first slice
  EXPECT_FALSE(facts(Codec::h264, "65 40").keyframe);                      // IDR, later slice
  EXPECT_FALSE(facts(Codec::h264, "41 9a").keyframe);                      // P slice
  EXPECT_TRUE(facts(Codec::h264, "78 00 02 67 42 00 01 68").keyframe);     // STAP-A: SPS, PPS
  EXPECT_TRUE(facts(Codec::h264, "78 00 02 06 05 00 02 65 88").keyframe);  // STAP-A: SEI, IDR
  EXPECT_FALSE(facts(Codec::h264, "78 00 02 41 9a").keyframe);             // STAP-A without
  EXPECT_TRUE(facts(Codec::h264, "7c 85 88").keyframe);                    // FU-A start of IDR
  EXPECT_FALSE(facts(Codec::h264, "7c 05 88").keyframe);                   // FU-A middle
  EXPECT_FALSE(facts(Codec::h264, "7c 81 9a").keyframe);                   // FU-A start of P
  for (const char* text : {"", "7c", "78", "78 00", "78 00 05 67", "65"}) {
    EXPECT_FALSE(facts(Codec::h264, text).keyframe) << text;
  }
}

TEST(H264, start_of_frame_follows_the_first_macroblock) {
  EXPECT_TRUE(facts(Codec::h264, "41 9a").start_of_frame);
  EXPECT_FALSE(facts(Codec::h264, "41 4a").start_of_frame);
  EXPECT_FALSE(facts(Codec::h264, "7c 01 9a").start_of_frame);
}

TEST(H264, sps_sizes) {
  // Baseline 640x480, and high profile 1920x1080 (1088 with cropping) as encoders make them.
  EXPECT_EQ(h264::sps_size(hex("67 42 c0 1e d9 00 a0 3d a1 00 00 03 00 01 00 00 03 00 32 0f 16 2e 48")),
            (VideoSize{640, 480}));
  EXPECT_EQ(h264::sps_size(hex("67 64 00 28 ac d9 40 78 02 27 e5 c0 44 00 00 03 00 04 00 00 03 00 c8 3c 60 c6 58")),
            (VideoSize{1920, 1080}));
  EXPECT_EQ(
      h264::sps_size(hex("78 00 02 68 ce 00 17 67 42 c0 1e d9 00 a0 3d a1 00 00 03 00 01 00 00 03 00 32 0f 16 2e 48")),
      (VideoSize{640, 480}));
  for (const char* text : {"", "67", "67 42", "67 42 c0 1e", "68 ce", "67 42 c0 1e 00 00 00 00 00 00"}) {
    EXPECT_FALSE(h264::sps_size(hex(text))) << text;
  }
}

TEST(H265, keyframes_by_packetization) {
  EXPECT_TRUE(facts(Codec::h265, "40 01 0c").keyframe);                             // VPS
  EXPECT_TRUE(facts(Codec::h265, "42 01 01").keyframe);                             // SPS
  EXPECT_TRUE(facts(Codec::h265, "26 01 af").keyframe);                             // IDR_W_RADL, first segment
  EXPECT_FALSE(facts(Codec::h265, "26 01 2f").keyframe);                            // later segment
  EXPECT_TRUE(facts(Codec::h265, "2a 01 af").keyframe);                             // CRA
  EXPECT_FALSE(facts(Codec::h265, "02 01 d0").keyframe);                            // TRAIL_R
  EXPECT_FALSE(facts(Codec::h265, "44 01 c1").keyframe);                            // PPS
  EXPECT_TRUE(facts(Codec::h265, "60 01 00 03 44 01 c1 00 03 26 01 af").keyframe);  // AP: PPS, IDR
  EXPECT_TRUE(facts(Codec::h265, "62 01 93 af").keyframe);                          // FU start of IDR_W_RADL
  EXPECT_FALSE(facts(Codec::h265, "62 01 13 af").keyframe);                         // FU middle
  for (const char* text : {"", "40", "62 01", "60 01 00", "60 01 00 09 40 01", "26 01"}) {
    EXPECT_FALSE(facts(Codec::h265, text).keyframe) << text;
  }
}

TEST(H265, temporal_layer_and_switching_points) {
  EXPECT_EQ(facts(Codec::h265, "02 01 d0").temporal, 0);
  EXPECT_EQ(facts(Codec::h265, "02 03 d0").temporal, 2);
  EXPECT_TRUE(facts(Codec::h265, "06 02 d0").layer_sync);  // TSA_R
  EXPECT_FALSE(facts(Codec::h265, "02 02 d0").layer_sync);
}

TEST(H265, sps_size) {
  EXPECT_EQ(
      h265::sps_size(hex("42 01 01 01 60 00 00 03 00 90 00 00 03 00 00 03 00 5d a0 02 80 80 2d 16 59 59 a4 93 2b c0 40"
                         "40 00 00 fa 40 00 17 70 02")),
      (VideoSize{1280, 720}));
  EXPECT_FALSE(h265::sps_size(hex("42 01 01 01 60")));
}

TEST(Av1, keyframes_begin_with_a_sequence_header_or_the_n_bit) {
  EXPECT_TRUE(facts(Codec::av1, "18 0a 0b 00").keyframe);        // W=1, N, sequence header
  EXPECT_TRUE(facts(Codec::av1, "20 02 08 00 30 00").keyframe);  // W=2: sequence header, frame
  EXPECT_FALSE(facts(Codec::av1, "10 30 00").keyframe);          // frame alone
  EXPECT_FALSE(facts(Codec::av1, "90 08 00").keyframe);          // a continuation, whatever it looks like
  EXPECT_TRUE(facts(Codec::av1, "10 30 00").start_of_frame);
  EXPECT_FALSE(facts(Codec::av1, "90 30 00").start_of_frame);
}

TEST(Av1, layers_from_obu_extensions) {
  VideoFacts f = facts(Codec::av1, "10 34 28 00");
  EXPECT_EQ(f.temporal, 1);
  EXPECT_EQ(f.spatial, 1);
  EXPECT_EQ(facts(Codec::av1, "10 30 00").temporal, -1);
}

TEST(Av1, elements_are_found_by_count_or_by_length) {
  auto counted_bytes = hex("20 02 08 00 30 00 11");
  auto counted = av1::parse_payload(counted_bytes);
  ASSERT_TRUE(counted);
  ASSERT_EQ(counted->element_count, 2);
  EXPECT_EQ(vec(counted->elements[1]), hex("30 00 11"));
  auto by_length = av1::parse_payload(hex("00 02 08 00 01 30"));
  ASSERT_TRUE(by_length);
  EXPECT_EQ(by_length->element_count, 2);
  for (const char* text : {"", "88 00", "20 05 08", "20 02 08 00", "00 ff ff ff ff ff 01", "00 80"}) {
    EXPECT_FALSE(av1::parse_payload(hex(text))) << text;
  }
}

TEST(Av1, sequence_size) {
  // 1280x720: profile 0, one operating point, level 5, 11-bit width and 10-bit height fields.
  EXPECT_EQ(av1::sequence_size(hex("18 0a 0b 00 00 00 2d 4c ff b3 c0 21 95 a4")), (VideoSize{1280, 720}));
  EXPECT_FALSE(av1::sequence_size(hex("18 0a 0b 00 00")));
}

TEST(VideoFacts, audio_has_none) {
  VideoFacts f = facts(Codec::opus, "10 00");
  EXPECT_FALSE(f.keyframe);
  EXPECT_EQ(f.temporal, -1);
}

}  // namespace
}  // namespace limen
