#include "wire/codec/opus.hpp"

#include <gtest/gtest.h>

#include "wire/codec/video_layers_allocation.hpp"
#include "wire/test_bytes.hpp"

namespace limen {
namespace {

using test::hex;
using test::vec;

TEST(OpusToc, durations_and_channels) {
  struct Case {
    const char* bytes;
    uint32_t samples;
    bool stereo;
  } cases[] = {
      {"00", 480, false},      // SILK 10 ms
      {"18", 2880, false},     // SILK 60 ms
      {"6c", 960, true},       // hybrid 20 ms
      {"80", 120, false},      // CELT 2.5 ms
      {"fc", 960, true},       // CELT 20 ms
      {"f9", 1920, false},     // two frames
      {"fa", 1920, false},     // two frames of different sizes
      {"fb 06", 5760, false},  // six frames: 120 ms
      {"fb 83", 2880, false},  // VBR flag does not count
  };
  for (const Case& c : cases) {
    auto toc = opus::parse_toc(hex(c.bytes));
    ASSERT_TRUE(toc) << c.bytes;
    EXPECT_EQ(toc->samples(), c.samples) << c.bytes;
    EXPECT_EQ(toc->stereo, c.stereo) << c.bytes;
  }
  for (const char* text : {"", "fb", "fb 00", "fb 07", "1b 03"}) EXPECT_FALSE(opus::parse_toc(hex(text))) << text;
}

TEST(Red, blocks_in_order_with_the_primary_last) {
  auto bytes = hex("ef 0f 00 02 6f aa bb cc dd ee");
  auto payload = red::parse(bytes);
  ASSERT_TRUE(payload);
  ASSERT_EQ(payload->count, 2);
  EXPECT_EQ(payload->blocks[0].payload_type, 111);
  EXPECT_EQ(payload->blocks[0].timestamp_offset, 960);
  EXPECT_EQ(vec(payload->blocks[0].data), hex("aa bb"));
  EXPECT_EQ(payload->primary().payload_type, 111);
  EXPECT_EQ(vec(payload->primary().data), hex("cc dd ee"));
  std::vector<uint8_t> out(20);
  size_t size = red::write(*payload, out);
  EXPECT_EQ(vec(Bytes(out).first(size)), bytes);
  EXPECT_EQ(red::write(*payload, MutableBytes(out).first(size - 1)), 0u);
}

TEST(Red, malformed_payloads_are_refused) {
  for (const char* text : {"", "ef", "ef 0f 00", "ef 0f 00 02", "ef 0f 00 02 6f aa"}) {
    EXPECT_FALSE(red::parse(hex(text))) << text;
  }
  std::vector<uint8_t> many;
  for (size_t i = 0; i < red::kMaxBlocks; ++i) many.insert(many.end(), {0xef, 0, 0, 0});
  many.push_back(0x6f);
  EXPECT_FALSE(red::parse(many));
  EXPECT_TRUE(red::parse(Bytes(many).subspan(4)));
}

TEST(Red, values_out_of_range_are_not_written) {
  std::vector<uint8_t> out(2000), large(1024);
  red::Payload payload;
  EXPECT_EQ(red::write(payload, out), 0u);
  payload.count = 2;
  payload.blocks[0].data = large;
  EXPECT_EQ(red::write(payload, out), 0u);
  payload.blocks[0].data = Bytes(large).first(1023);
  EXPECT_EQ(red::write(payload, out), 5u + 1023);
  payload.blocks[0].timestamp_offset = 0x4000;
  EXPECT_EQ(red::write(payload, out), 0u);
}

TEST(LayersAllocation, simulcast_with_a_shared_mask_and_sizes) {
  // Stream 1 of 2, spatial layer 0 in each; 1 and 2 temporal layers; 100, 200 and 300 kbit/s; two sizes.
  auto a = parse_layers_allocation(hex("51 10 64 c8 01 ac 02 01 3f 00 b3 0f 02 7f 01 67 1e"));
  ASSERT_TRUE(a);
  EXPECT_EQ(a->stream_index, 1);
  EXPECT_EQ(a->stream_count, 2);
  ASSERT_EQ(a->layer_count, 2);
  EXPECT_EQ(a->layers[0].temporal_count, 1);
  EXPECT_EQ(a->layers[0].kbps[0], 100u);
  EXPECT_EQ(a->layers[0].width, 320);
  EXPECT_EQ(a->layers[0].height, 180);
  EXPECT_EQ(a->layers[0].max_fps, 15);
  EXPECT_EQ(a->layers[1].stream, 1);
  EXPECT_EQ(a->layers[1].temporal_count, 2);
  EXPECT_EQ(a->layers[1].kbps[0], 200u);
  EXPECT_EQ(a->layers[1].kbps[1], 300u);
  EXPECT_EQ(a->layers[1].width, 640);
}

TEST(LayersAllocation, masks_per_stream_and_no_sizes) {
  // Three streams: layers {0,1}, {}, {2}.
  auto a = parse_layers_allocation(hex("20 30 40 00 01 02 03"));
  ASSERT_TRUE(a);
  EXPECT_EQ(a->stream_count, 3);
  ASSERT_EQ(a->layer_count, 3);
  EXPECT_EQ(a->layers[1].spatial, 1);
  EXPECT_EQ(a->layers[2].stream, 2);
  EXPECT_EQ(a->layers[2].spatial, 2);
  EXPECT_EQ(a->layers[2].kbps[0], 3u);
  EXPECT_FALSE(a->has_sizes);
}

TEST(LayersAllocation, nothing_sent_and_malformed) {
  auto nothing = parse_layers_allocation(hex("00"));
  ASSERT_TRUE(nothing);
  EXPECT_EQ(nothing->layer_count, 0);
  for (const char* text : {"", "01", "01 00", "01 00 80", "01 00 ff ff ff ff 7f", "01 00 05 01", "3f ff 00"}) {
    EXPECT_FALSE(parse_layers_allocation(hex(text))) << text;
  }
}

}  // namespace
}  // namespace limen
