#include "wire/rtp/rtp_writer.hpp"

#include <gtest/gtest.h>

#include "wire/rtp/rtp_parser.hpp"
#include "wire/test_bytes.hpp"

namespace limen {
namespace {

using test::hex;
using test::vec;

class RtpWriter : public testing::Test {
 protected:
  RtpPacket source(std::string_view text, const ExtensionMap& map = {}) {
    return *parse_rtp(pool_.copy(hex(text), Instant{}), map);
  }
  Bytes write(const OutgoingRtp& rtp, const RtpSenderValues& values, const ExtensionMap& map) {
    written_ = write_rtp(rtp, values, map, buffer_);
    return Bytes(buffer_).first(written_.size);
  }

  PacketPool pool_;
  std::array<uint8_t, 1500> buffer_{};
  WrittenRtp written_;
};

constexpr std::string_view kPlain = "80 60 00 05 00 00 10 00 00 00 00 09 01 02 03 04 05";

TEST_F(RtpWriter, a_note_becomes_a_header_and_the_payload_follows) {
  RtpPacket packet = source("82 60 00 05 00 00 10 00 00 00 00 09 11 11 11 11 22 22 22 22 01 02 03");
  OutgoingRtp note = OutgoingRtp::same_as(packet);
  note.sequence = 0x1234;
  note.timestamp = 0x55667788;
  note.payload_type = 111;
  note.marker = true;
  EXPECT_EQ(vec(write(note, {.ssrc = 0xcafebabe, .mid = "0"}, {})),
            hex("80 ef 12 34 55 66 77 88 ca fe ba be 01 02 03"));
  EXPECT_EQ(written_.header_size, 12);
}

TEST_F(RtpWriter, the_payload_prefix_is_replaced) {
  RtpPacket packet = source(kPlain);
  OutgoingRtp note = OutgoingRtp::same_as(packet);
  note.prefix_replaced = 2;
  note.prefix_size = 3;
  note.prefix = {0xa, 0xb, 0xc};
  EXPECT_EQ(vec(write(note, {.ssrc = 9}, {})), hex("80 60 00 05 00 00 10 00 00 00 00 09 0a 0b 0c 03 04 05"));
  note.prefix_replaced = 6;
  EXPECT_TRUE(write(note, {.ssrc = 9}, {}).empty());
}

TEST_F(RtpWriter, padding_is_appended_and_found_again) {
  RtpPacket packet = source(kPlain);
  OutgoingRtp note = OutgoingRtp::same_as(packet);
  note.padding = 1;
  EXPECT_EQ(vec(write(note, {.ssrc = 9}, {})), hex("a0 60 00 05 00 00 10 00 00 00 00 09 01 02 03 04 05 01"));
  note.padding = 3;
  Bytes padded = write(note, {.ssrc = 9}, {});
  EXPECT_EQ(vec(padded), hex("a0 60 00 05 00 00 10 00 00 00 00 09 01 02 03 04 05 00 00 03"));
  auto read = parse_rtp(pool_.copy(padded, Instant{}), {});
  ASSERT_TRUE(read);
  EXPECT_EQ(vec(read->payload()), hex("01 02 03 04 05"));
}

ExtensionMap full_map() {
  ExtensionMap map;
  for (size_t i = 0; i < kExtensionKinds; ++i) map.set(static_cast<ExtensionKind>(i), static_cast<uint8_t>(i + 1));
  return map;
}

TEST_F(RtpWriter, extensions_are_recreated_with_the_receivers_ids) {
  ExtensionMap in;
  in.set(ExtensionKind::audio_level, 2);
  in.set(ExtensionKind::video_orientation, 3);
  in.set(ExtensionKind::playout_delay, 4);
  in.set(ExtensionKind::abs_capture_time, 5);
  in.set(ExtensionKind::dependency_descriptor, 6);
  in.set(ExtensionKind::rid, 7);
  RtpPacket packet = source(
      "90 60 00 05 00 00 10 00 00 00 00 09 be de 00 06 20 aa 30 03 42 00 a0 14 57 11 22 33 44 55 66 77 88 62 80 00 07"
      "71 68 69 ff",
      in);
  ASSERT_EQ(packet.rid(), "hi");
  ExtensionMap out = full_map();
  Bytes bytes = write(OutgoingRtp::same_as(packet),
                      {.ssrc = 9, .mid = "v1", .transport_sequence = 0xfffe, .abs_send_time = 0x123456}, out);
  ASSERT_FALSE(bytes.empty());
  RtpPacket read = *parse_rtp(pool_.copy(bytes, Instant{}), out);
  EXPECT_EQ(read.mid(), "v1");
  EXPECT_EQ(read.rid(), "");
  EXPECT_EQ(read.extensions.audio_level, 42);
  EXPECT_TRUE(read.extensions.voice_activity);
  EXPECT_EQ(read.extensions.video_orientation, 3);
  EXPECT_EQ(read.extensions.min_playout_delay, 10);
  EXPECT_EQ(read.extensions.max_playout_delay, 20);
  EXPECT_EQ(read.extensions.capture_time, 0x1122334455667788u);
  EXPECT_EQ(read.extensions.transport_sequence, 0xfffe);
  EXPECT_EQ(read.extensions.abs_send_time, 0x123456);
  EXPECT_EQ(vec(read.dependency_descriptor()), hex("80 00 07"));
  EXPECT_EQ(vec(read.payload()), hex("ff"));
  EXPECT_EQ(load_u16(&bytes[written_.transport_sequence_offset]), 0xfffe);
  EXPECT_EQ(load_u24(&bytes[written_.abs_send_time_offset]), 0x123456u);
  EXPECT_EQ(load_u16(&bytes[12]), 0xbede);
}

TEST_F(RtpWriter, nothing_to_say_means_no_extension_block) {
  RtpPacket packet = source(kPlain);
  EXPECT_EQ(vec(write(OutgoingRtp::same_as(packet), {.ssrc = 9}, full_map())), hex(kPlain));
}

TEST_F(RtpWriter, a_long_dependency_descriptor_takes_the_two_byte_form) {
  ExtensionMap map;
  map.set(ExtensionKind::dependency_descriptor, 12);
  map.set(ExtensionKind::mid, 1);
  for (uint8_t size : {16, 17, 255}) {
    std::vector<uint8_t> bytes = hex("90 60 00 05 00 00 10 00 00 00 00 09 10 00 00 00 0c 00");
    bytes[17] = size;
    bytes.resize(18 + size, 0x5a);
    while (bytes.size() % 4 != 0) bytes.push_back(0);
    store_u16(&bytes[14], static_cast<uint16_t>((bytes.size() - 16) / 4));
    RtpPacket packet = *parse_rtp(pool_.copy(bytes, Instant{}), map);
    ASSERT_EQ(packet.dependency_descriptor().size(), size);
    Bytes out = write(OutgoingRtp::same_as(packet), {.ssrc = 9, .mid = "7"}, map);
    ASSERT_FALSE(out.empty());
    EXPECT_EQ(load_u16(&out[12]), size > 16 ? 0x1000 : 0xbede);
    RtpPacket read = *parse_rtp(pool_.copy(out, Instant{}), map);
    EXPECT_EQ(vec(read.dependency_descriptor()), vec(packet.dependency_descriptor()));
    EXPECT_EQ(read.mid(), "7");
  }
}

TEST_F(RtpWriter, ids_above_14_take_the_two_byte_form) {
  ExtensionMap map;
  map.set(ExtensionKind::mid, 15);
  RtpPacket packet = source(kPlain);
  Bytes out = write(OutgoingRtp::same_as(packet), {.ssrc = 9, .mid = "7"}, map);
  EXPECT_EQ(vec(out.subspan(12, 8)), hex("10 00 00 01 0f 01 37 00"));
}

TEST_F(RtpWriter, the_notes_playout_delay_wins) {
  ExtensionMap map;
  map.set(ExtensionKind::playout_delay, 1);
  RtpPacket packet = source("90 60 00 05 00 00 10 00 00 00 00 09 be de 00 01 12 00 a0 14", map);
  OutgoingRtp note = OutgoingRtp::same_as(packet);
  note.min_playout_delay = 0;
  note.max_playout_delay = 0xfff;
  RtpPacket read = *parse_rtp(pool_.copy(write(note, {.ssrc = 9}, map), Instant{}), map);
  EXPECT_EQ(read.extensions.min_playout_delay, 0);
  EXPECT_EQ(read.extensions.max_playout_delay, 0xfff);
}

TEST_F(RtpWriter, a_buffer_too_small_gives_nothing_at_every_size) {
  RtpPacket packet = source(kPlain);
  RtpSenderValues values{.ssrc = 9, .mid = "v1", .transport_sequence = 1, .abs_send_time = 1};
  size_t whole = write(OutgoingRtp::same_as(packet), values, full_map()).size();
  for (size_t size = 0; size < whole; ++size) {
    EXPECT_FALSE(write_rtp(OutgoingRtp::same_as(packet), values, full_map(), MutableBytes(buffer_).first(size)));
  }
  EXPECT_TRUE(write_rtp(OutgoingRtp::same_as(packet), values, full_map(), MutableBytes(buffer_).first(whole)));
}

TEST_F(RtpWriter, rtx_round_trip) {
  ExtensionMap map;
  map.set(ExtensionKind::mid, 1);
  RtpPacket packet = source(kPlain);
  OutgoingRtp note = OutgoingRtp::same_as(packet);
  note.prefix_replaced = 1;
  note.prefix_size = 1;
  note.prefix[0] = 0x77;
  WrittenRtp written = write_rtx(note, {.ssrc = 10, .sequence = 900, .payload_type = 97}, {.mid = "a"}, map, buffer_);
  ASSERT_TRUE(written);
  RtpPacket rtx = *parse_rtp(pool_.copy(Bytes(buffer_).first(written.size), Instant{}), map);
  EXPECT_EQ(rtx.ssrc, 10u);
  EXPECT_EQ(rtx.sequence, 900);
  EXPECT_EQ(rtx.payload_type, 97);
  ASSERT_TRUE(unwrap_rtx(rtx, 9, 96));
  EXPECT_EQ(rtx.sequence, 5);
  EXPECT_EQ(rtx.mid(), "a");
  EXPECT_EQ(vec(rtx.payload()), hex("77 02 03 04 05"));
}

TEST_F(RtpWriter, wrapping_finished_bytes_keeps_csrcs_extensions_and_marker) {
  auto plain = hex("91 e0 00 05 00 00 10 00 00 00 00 09 11 11 11 11 be de 00 01 10 30 00 00 aa bb");
  size_t size = wrap_rtx(plain, {.ssrc = 10, .sequence = 900, .payload_type = 97}, buffer_);
  EXPECT_EQ(vec(Bytes(buffer_).first(size)),
            hex("91 e1 03 84 00 00 10 00 00 00 00 0a 11 11 11 11 be de 00 01 10 30 00 00 00 05 aa bb"));
  EXPECT_EQ(wrap_rtx(plain, {}, MutableBytes(buffer_).first(27)), 0u);
  EXPECT_EQ(wrap_rtx(hex("80 60"), {}, buffer_), 0u);
}

TEST(AbsSendTime, is_6_18_fixed_point_and_wraps_after_64_seconds) {
  auto at = [](int64_t ms) { return abs_send_time(Instant(std::chrono::milliseconds(ms))); };
  EXPECT_EQ(at(0), 0);
  EXPECT_EQ(at(1000), 1 << 18);
  EXPECT_EQ(at(1500), 3 << 17);
  EXPECT_EQ(at(63'999), (63 << 18) + 261881);
  EXPECT_EQ(at(64'000), 0);
}

}  // namespace
}  // namespace limen
