#include "wire/rtp/rtp_parser.hpp"

#include <gtest/gtest.h>

#include "wire/test_bytes.hpp"

namespace limen {
namespace {

using test::hex;
using test::vec;

class RtpParser : public testing::Test {
 protected:
  std::expected<RtpPacket, RtpError> parse(std::string_view text) { return parse_bytes(hex(text)); }
  std::expected<RtpPacket, RtpError> parse_bytes(Bytes bytes) { return parse_rtp(pool_.copy(bytes, Instant{}), map_); }
  void map(ExtensionKind kind, uint8_t id) { map_.set(kind, id); }

  PacketPool pool_;
  ExtensionMap map_;
};

constexpr std::string_view kHeader = "90 e0 12 34 00 00 03 e8 de ad be ef";

TEST_F(RtpParser, reads_the_fixed_header_and_csrcs) {
  auto packet = parse("82 e0 12 34 00 00 03 e8 de ad be ef 00 00 00 01 00 00 00 02 aa bb");
  ASSERT_TRUE(packet);
  EXPECT_EQ(packet->sequence, 0x1234);
  EXPECT_EQ(packet->timestamp, 1000u);
  EXPECT_EQ(packet->ssrc, 0xdeadbeef);
  EXPECT_EQ(packet->payload_type, 96);
  EXPECT_TRUE(packet->marker);
  EXPECT_EQ(vec(packet->payload()), hex("aa bb"));
}

TEST_F(RtpParser, one_byte_extensions) {
  map(ExtensionKind::mid, 1);
  map(ExtensionKind::rid, 2);
  map(ExtensionKind::repaired_rid, 3);
  map(ExtensionKind::audio_level, 4);
  map(ExtensionKind::transport_cc, 5);
  map(ExtensionKind::abs_send_time, 6);
  map(ExtensionKind::playout_delay, 7);
  map(ExtensionKind::video_orientation, 8);
  map(ExtensionKind::abs_capture_time, 9);
  auto packet = parse(std::string(kHeader) +
                      "be de 00 09 10 30 21 68 69 32 61 62 63 40 aa 00 51 01 02 62 0a 0b 0c 72 00 a0 14 80 03"
                      "97 11 22 33 44 55 66 77 88 00 00 ff");
  ASSERT_TRUE(packet);
  const ExtensionFacts& facts = packet->extensions;
  EXPECT_EQ(packet->mid(), "0");
  EXPECT_EQ(packet->rid(), "hi");
  EXPECT_EQ(packet->repaired_rid(), "abc");
  EXPECT_EQ(facts.audio_level, 42);
  EXPECT_TRUE(facts.voice_activity);
  EXPECT_EQ(facts.transport_sequence, 0x0102);
  EXPECT_EQ(facts.abs_send_time, 0x0a0b0c);
  EXPECT_EQ(facts.min_playout_delay, 10);
  EXPECT_EQ(facts.max_playout_delay, 20);
  EXPECT_EQ(facts.video_orientation, 3);
  EXPECT_TRUE(facts.has_capture_time);
  EXPECT_EQ(facts.capture_time, 0x1122334455667788u);
  EXPECT_EQ(vec(packet->payload()), hex("ff"));
}

TEST_F(RtpParser, two_byte_extensions_with_empty_and_long_elements) {
  map(ExtensionKind::dependency_descriptor, 20);
  map(ExtensionKind::video_layers_allocation, 21);
  map(ExtensionKind::mid, 1);
  auto packet = parse(std::string(kHeader) +
                      "10 05 00 07 01 00 00 15 02 aa bb 14 11 00 01 02 03 04 05 06 07 08 09 0a 0b 0c 0d 0e 0f 10"
                      "00 00 ff");
  ASSERT_TRUE(packet);
  EXPECT_EQ(packet->mid(), "");
  EXPECT_EQ(vec(packet->layers_allocation()), hex("aa bb"));
  EXPECT_EQ(vec(packet->dependency_descriptor()), hex("00 01 02 03 04 05 06 07 08 09 0a 0b 0c 0d 0e 0f 10"));
  EXPECT_EQ(vec(packet->payload()), hex("ff"));
}

TEST_F(RtpParser, ids_0_and_15_end_one_byte_extensions) {
  map(ExtensionKind::audio_level, 4);
  map(ExtensionKind::mid, 15);
  EXPECT_EQ(parse(std::string(kHeader) + "be de 00 01 f0 2a 40 11")->extensions.audio_level, -1);
  EXPECT_EQ(parse(std::string(kHeader) + "be de 00 01 01 2a 40 11")->extensions.audio_level, -1);
  EXPECT_EQ(parse(std::string(kHeader) + "be de 00 01 00 00 40 11")->extensions.audio_level, 0x11);
}

TEST_F(RtpParser, an_element_past_the_block_ends_the_reading_but_not_the_packet) {
  map(ExtensionKind::audio_level, 4);
  map(ExtensionKind::mid, 1);
  auto packet = parse(std::string(kHeader) + "be de 00 01 40 11 1f 41 99 99");
  ASSERT_TRUE(packet);
  EXPECT_EQ(packet->extensions.audio_level, 0x11);
  EXPECT_EQ(packet->mid(), "");
  EXPECT_EQ(packet->payload_size, 2);
}

TEST_F(RtpParser, unknown_profiles_are_stepped_over) {
  map(ExtensionKind::audio_level, 4);
  auto packet = parse(std::string(kHeader) + "ab cd 00 01 40 11 00 00 77");
  ASSERT_TRUE(packet);
  EXPECT_EQ(packet->extensions.audio_level, -1);
  EXPECT_EQ(vec(packet->payload()), hex("77"));
}

TEST_F(RtpParser, padding_is_taken_off) {
  EXPECT_EQ(vec(parse("a0 60 00 01 00 00 00 00 00 00 00 01 aa bb 00 00 03")->payload()), hex("aa bb"));
  EXPECT_EQ(parse("a0 60 00 01 00 00 00 00 00 00 00 01 00 00 03")->payload_size, 0);
}

TEST_F(RtpParser, malformed_packets_are_refused_with_a_reason) {
  struct Case {
    const char* bytes;
    RtpError error;
  } cases[] = {
      {"", RtpError::too_short},
      {"80 60 00 01 00 00 00 00 00 00 00", RtpError::too_short},
      {"40 60 00 01 00 00 00 00 00 00 00 01", RtpError::bad_version},
      {"8f 60 00 01 00 00 00 00 00 00 00 01 00 00 00 00", RtpError::csrc_past_end},
      {"90 60 00 01 00 00 00 00 00 00 00 01 be de", RtpError::extension_past_end},
      {"90 60 00 01 00 00 00 00 00 00 00 01 be de 00 01 00 00", RtpError::extension_past_end},
      {"90 60 00 01 00 00 00 00 00 00 00 01 be de ff ff", RtpError::extension_past_end},
      {"a0 60 00 01 00 00 00 00 00 00 00 01", RtpError::bad_padding},
      {"a0 60 00 01 00 00 00 00 00 00 00 01 00", RtpError::bad_padding},
      {"a0 60 00 01 00 00 00 00 00 00 00 01 aa 03", RtpError::bad_padding},
  };
  for (const Case& c : cases) {
    auto packet = parse(c.bytes);
    ASSERT_FALSE(packet) << c.bytes;
    EXPECT_EQ(packet.error(), c.error) << c.bytes << ": " << rtp_error_name(packet.error());
  }
}

TEST_F(RtpParser, extensions_can_be_read_again_with_another_map) {
  auto packet = parse(std::string(kHeader) + "be de 00 01 30 61 00 00");
  ASSERT_TRUE(packet);
  EXPECT_EQ(packet->mid(), "");
  ExtensionMap later;
  later.set(ExtensionKind::mid, 3);
  Bytes bytes = packet->packet.bytes();
  packet->extensions = parse_extensions(bytes, *parse_rtp_header(bytes), later);
  EXPECT_EQ(packet->mid(), "a");
}

TEST_F(RtpParser, rtx_becomes_the_original_packet_byte_for_byte) {
  map(ExtensionKind::mid, 1);
  auto packet = parse("b0 e1 00 07 00 00 03 e8 00 00 00 02 be de 00 01 10 30 00 00 12 34 aa bb cc 00 02");
  ASSERT_TRUE(packet);
  ASSERT_TRUE(unwrap_rtx(*packet, 0xdeadbeef, 96));
  EXPECT_EQ(vec(packet->packet.bytes()),
            hex("b0 e0 12 34 00 00 03 e8 de ad be ef be de 00 01 10 30 00 00 aa bb cc 00 02"));
  EXPECT_EQ(packet->sequence, 0x1234);
  EXPECT_EQ(packet->ssrc, 0xdeadbeef);
  EXPECT_EQ(packet->payload_type, 96);
  EXPECT_TRUE(packet->marker);
  EXPECT_TRUE(packet->retransmitted);
  EXPECT_EQ(packet->mid(), "0");
  EXPECT_EQ(vec(packet->payload()), hex("aa bb cc"));
}

TEST_F(RtpParser, an_rtx_packet_without_an_original_stays_as_it_is) {
  auto packet = parse("80 61 00 07 00 00 03 e8 00 00 00 02 12");
  ASSERT_TRUE(packet);
  EXPECT_FALSE(unwrap_rtx(*packet, 1, 96));
  EXPECT_EQ(packet->ssrc, 2u);
  EXPECT_FALSE(packet->retransmitted);
}

TEST(DatagramKind, follows_rfc_7983) {
  auto kind = [](uint8_t first, uint8_t second, size_t size = 20) {
    std::vector<uint8_t> bytes(size);
    bytes[0] = first;
    bytes[1] = second;
    store_u32(&bytes[4], 0x2112a442);
    return datagram_kind(bytes);
  };
  EXPECT_EQ(kind(0, 1), DatagramKind::stun);
  EXPECT_EQ(kind(3, 1), DatagramKind::stun);
  EXPECT_EQ(kind(4, 1), DatagramKind::unknown);
  EXPECT_EQ(kind(19, 1), DatagramKind::unknown);
  EXPECT_EQ(kind(20, 1), DatagramKind::dtls);
  EXPECT_EQ(kind(63, 1), DatagramKind::dtls);
  EXPECT_EQ(kind(64, 1), DatagramKind::turn_channel);
  EXPECT_EQ(kind(127, 1), DatagramKind::unknown);
  EXPECT_EQ(kind(128, 96), DatagramKind::rtp);
  EXPECT_EQ(kind(128, 0x80 | 63), DatagramKind::rtp);
  EXPECT_EQ(kind(128, 200), DatagramKind::rtcp);
  EXPECT_EQ(kind(191, 64), DatagramKind::rtcp);
  EXPECT_EQ(kind(128, 95), DatagramKind::rtcp);
  EXPECT_EQ(kind(192, 96), DatagramKind::unknown);
  EXPECT_EQ(kind(128, 96, 11), DatagramKind::unknown);
  EXPECT_EQ(kind(128, 200, 8), DatagramKind::rtcp);
  EXPECT_EQ(datagram_kind({}), DatagramKind::unknown);
}

TEST(HeaderExtensions, every_kind_has_its_uri) {
  for (size_t i = 0; i < kExtensionKinds; ++i) {
    auto kind = static_cast<ExtensionKind>(i);
    EXPECT_EQ(extension_from_uri(extension_uri(kind)), kind);
  }
  EXPECT_EQ(extension_uri(ExtensionKind::audio_level), "urn:ietf:params:rtp-hdrext:ssrc-audio-level");
  EXPECT_EQ(extension_uri(ExtensionKind::count), "");
  EXPECT_FALSE(extension_from_uri("urn:ietf:params:rtp-hdrext:encrypt"));
}

}  // namespace
}  // namespace limen
