// Checksums, packets and DCEP messages.
#include <gtest/gtest.h>

#include <array>
#include <vector>

#include "wire/sctp/crc32c.hpp"
#include "wire/sctp/dcep.hpp"
#include "wire/sctp/packet_reader.hpp"
#include "wire/sctp/packet_writer.hpp"

namespace limen::sctp {
namespace {

TEST(Crc32c, matches_the_known_values_with_and_without_the_instruction) {
  // RFC 3720 appendix B.4.
  std::array<uint8_t, 32> zeros{};
  for (auto* crc : {&crc32c, &crc32c_by_tables}) {
    EXPECT_EQ(crc(as_bytes("123456789")), 0xe3069283U);
    EXPECT_EQ(crc(zeros), 0x8a9136aaU);
    EXPECT_EQ(crc({}), 0U);
  }
}

TEST(SctpPacket, one_changed_bit_is_noticed) {
  std::array<uint8_t, 64> room;
  PacketWriter writer(room, 5000, 5000, 7);
  ASSERT_TRUE(writer.add_raw(ChunkType::cookie_echo, 0, as_bytes("cookie")));
  Bytes packet = writer.finish(true);
  EXPECT_TRUE(PacketReader::open(packet)->checksum_is_right());
  room[20] ^= 1;
  EXPECT_FALSE(PacketReader::open(packet)->checksum_is_right());
}

TEST(SctpPacket, what_does_not_fit_leaves_no_trace) {
  std::array<uint8_t, 32> room;
  PacketWriter writer(room, 1, 2, 3);
  std::vector<uint8_t> large(20);
  EXPECT_FALSE(writer.add_raw(ChunkType::heartbeat, 0, large));
  EXPECT_TRUE(writer.empty());
  EXPECT_TRUE(writer.add_raw(ChunkType::heartbeat, 0, Bytes(large).first(16)));
  EXPECT_EQ(writer.room(), 0U);
}

TEST(SctpPacket, lengths_that_make_no_sense_end_it) {
  std::array<uint8_t, 16> packet{};
  packet[15] = 3;  // shorter than its own header
  auto reader = PacketReader::open(packet);
  ASSERT_TRUE(reader.has_value());
  EXPECT_FALSE(reader->next().has_value());
  EXPECT_TRUE(reader->malformed());
}

TEST(Dcep, open_messages_keep_label_protocol_and_limits) {
  DcepOpen open{Reliability::limited_lifetime, true, 512, 1500, "chat", "proto"};
  std::vector<uint8_t> bytes = write_dcep_open(open);
  auto read = read_dcep_open(bytes);
  ASSERT_TRUE(read.has_value());
  EXPECT_EQ(read->label, "chat");
  EXPECT_EQ(read->protocol, "proto");
  EXPECT_EQ(read->limit, 1500U);
  EXPECT_TRUE(read->unordered);
  EXPECT_EQ(read->reliability, Reliability::limited_lifetime);
  bytes.pop_back();
  EXPECT_FALSE(read_dcep_open(bytes).has_value());
}

}  // namespace
}  // namespace limen::sctp
