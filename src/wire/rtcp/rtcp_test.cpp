#include <gtest/gtest.h>

#include "wire/rtcp/rtcp_parser.hpp"
#include "wire/rtcp/rtcp_writer.hpp"
#include "wire/test_bytes.hpp"

namespace limen::rtcp {
namespace {

using test::hex;
using test::vec;

template <typename T>
std::vector<uint8_t> written(const T& message) {
  std::vector<uint8_t> buffer(1500);
  CompoundWriter writer(buffer);
  EXPECT_TRUE(writer.add(message));
  return vec(writer.written());
}

template <typename T>
T only(Bytes bytes) {
  Compound compound = parse_rtcp(bytes);
  EXPECT_EQ(compound.malformed, 0u);
  EXPECT_EQ(compound.messages.size(), 1u);
  if (compound.messages.size() != 1 || !std::holds_alternative<T>(compound.messages[0])) {
    ADD_FAILURE() << "not the expected message";
    return {};
  }
  return std::get<T>(compound.messages[0]);
}

std::vector<Message> samples() {
  ReportBlock block{0x11223344, 12, -5, 0x00010002, 77, 0x12345678, 0x9abc};
  ReportBlock worst{1, 255, 0x7fffff, 0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff};
  return {
      SenderReport{1, 0x1122334455667788, 3, 4, 5, {block, worst}},
      SenderReport{1, 2, 3, 4, 5, {}},
      ReceiverReport{7, {block}},
      ReceiverReport{7, {}},
      SourceDescription{{{1, "janus"}, {2, ""}, {3, "abc"}, {4, std::string(255, 'x')}}},
      Goodbye{{1, 2, 3}, ""},
      Goodbye{{1}, "camera stolen"},
      ApplicationDefined{9, 5, {'t', 'e', 's', 't'}, {1, 2, 3, 4}},
      Nack{1, 2, {10, 11, 26, 27, 65535, 0, 1}},
      PictureLoss{1, 2},
      FullIntraRequest{1, {{2, 3}, {4, 255}}},
      ReceiverEstimate{1, 262143, {2, 3}},
      ReceiverEstimate{1, 0, {}},
      ReceiverEstimate{1, uint64_t{0x3ffff} << 46, {2}},
      TransportFeedback{1, 2, 65530, 9, -3, {{true, 3}, {false, 0}, {true, -100}, {true, 255}, {true, 256}}},
      ExtendedReport{1, 0x1122334455667788, {{2, 3, 4}, {5, 6, 7}}},
      ExtendedReport{1, 0, {}},
  };
}

TEST(Rtcp, every_message_round_trips) {
  for (const Message& sample : samples()) {
    Compound compound = parse_rtcp(written(sample));
    ASSERT_EQ(compound.messages.size(), 1u) << sample.index();
    EXPECT_EQ(compound.malformed, 0u);
    EXPECT_TRUE(compound.messages[0] == sample) << sample.index();
  }
}

TEST(Rtcp, all_messages_together_make_one_compound_packet) {
  std::vector<uint8_t> buffer(3000);
  CompoundWriter writer(buffer);
  for (const Message& sample : samples()) EXPECT_TRUE(writer.add(sample));
  Compound compound = parse_rtcp(writer.written());
  EXPECT_EQ(compound.malformed, 0u);
  EXPECT_TRUE(compound.messages == samples());
}

TEST(Rtcp, a_message_that_does_not_fit_leaves_the_rest_alone) {
  for (const Message& sample : samples()) {
    size_t size = written(sample).size();
    std::vector<uint8_t> buffer(12 + size - 1);
    CompoundWriter writer(buffer);
    ASSERT_TRUE(writer.add(PictureLoss{1, 2}));
    EXPECT_FALSE(writer.add(sample));
    EXPECT_EQ(only<PictureLoss>(writer.written()), (PictureLoss{1, 2}));
  }
}

TEST(Rtcp, known_bytes) {
  EXPECT_EQ(written(PictureLoss{1, 2}), hex("81 ce 00 02 00 00 00 01 00 00 00 02"));
  EXPECT_EQ(written(FullIntraRequest{1, {{2, 7}}}), hex("84 ce 00 04 00 00 00 01 00 00 00 00 00 00 00 02 07 00 00 00"));
  EXPECT_EQ(written(Nack{1, 2, {100, 101, 116, 117}}),
            hex("81 cd 00 04 00 00 00 01 00 00 00 02 00 64 80 01 00 75 00 00"));
  EXPECT_EQ(written(SourceDescription{{{1, "janus"}}}), hex("81 ca 00 03 00 00 00 01 01 05 6a 61 6e 75 73 00"));
  // 1 Mbit/s = 250000 << 2.
  EXPECT_EQ(written(ReceiverEstimate{1, 1'000'000, {5}}),
            hex("8f ce 00 05 00 00 00 01 00 00 00 00 52 45 4d 42 01 0b d0 90 00 00 00 05"));
}

TEST(Rtcp, remb_rounds_down_to_18_bits) {
  EXPECT_EQ(only<ReceiverEstimate>(written(ReceiverEstimate{1, 0x40001, {}})).bps, 0x40000u);
}

TEST(Rtcp, lost_counts_are_clamped_to_24_bits) {
  ReportBlock block;
  block.packets_lost = 0x1000000;
  EXPECT_EQ(only<ReceiverReport>(written(ReceiverReport{1, {block}})).blocks[0].packets_lost, 0x7fffff);
  block.packets_lost = -0x1000000;
  EXPECT_EQ(only<ReceiverReport>(written(ReceiverReport{1, {block}})).blocks[0].packets_lost, -0x800000);
}

TEST(Rtcp, more_than_31_report_blocks_are_cut) {
  EXPECT_EQ(only<ReceiverReport>(written(ReceiverReport{1, std::vector<ReportBlock>(40)})).blocks.size(), 31u);
}

TEST(Rtcp, an_empty_nack_is_not_written) {
  std::vector<uint8_t> buffer(100);
  CompoundWriter writer(buffer);
  EXPECT_FALSE(writer.add(Nack{1, 2, {}}));
  EXPECT_TRUE(writer.empty());
}

TEST(Rtcp, unknown_types_and_formats_are_named_not_dropped) {
  EXPECT_EQ(only<Unknown>(hex("81 d0 00 01 00 00 00 01")), (Unknown{208, 1}));
  EXPECT_EQ(only<Unknown>(hex("83 cd 00 02 00 00 00 01 00 00 00 02")), (Unknown{205, 3}));
  EXPECT_EQ(only<Unknown>(hex("8f ce 00 03 00 00 00 01 00 00 00 02 41 42 43 44")), (Unknown{206, 15}));
}

TEST(Rtcp, a_malformed_packet_does_not_hide_those_behind_it) {
  // An SR with too few bytes, then a PLI.
  Compound compound = parse_rtcp(hex("80 c8 00 01 00 00 00 01 81 ce 00 02 00 00 00 01 00 00 00 02"));
  EXPECT_EQ(compound.malformed, 1u);
  ASSERT_EQ(compound.messages.size(), 1u);
  EXPECT_TRUE(std::holds_alternative<PictureLoss>(compound.messages[0]));
}

TEST(Rtcp, malformed_packets_are_counted) {
  const char* malformed[] = {
      "80",                                                           // not even a header
      "80 c8 00",                                                     //
      "40 c9 00 01 00 00 00 01",                                      // version 1
      "80 c9 00 05 00 00 00 01",                                      // length past the end
      "81 c9 00 01 00 00 00 01",                                      // a report block announced, none there
      "81 ca 00 02 00 00 00 01 01 09 61 62",                          // CNAME past the end
      "81 ca 00 02 00 00 00 01 02 02 61 62",                          // no end of items
      "82 cb 00 01 00 00 00 01",                                      // BYE for two with one
      "81 cb 00 02 00 00 00 01 09 61 62 63",                          // reason past the end
      "80 cc 00 01 00 00 00 01",                                      // APP without name
      "81 cd 00 02 00 00 00 01 00 00 00 02",                          // NACK of nothing
      "81 ce 00 01 00 00 00 01",                                      // PLI without media SSRC
      "84 ce 00 02 00 00 00 01 00 00 00 00",                          // FIR without entry
      "8f ce 00 04 00 00 00 01 00 00 00 00 52 45 4d 42 01 00 00 01",  // REMB for one SSRC, none there
      "8f ce 00 04 00 00 00 01 00 00 00 00 52 45 4d 42 00 ff ff ff",  // REMB beyond 64 bits
      "8f cd 00 04 00 00 00 01 00 00 00 02 00 00 00 00 00 00 00 00",  // feedback for no packet
      "8f cd 00 05 00 00 00 01 00 00 00 02 00 00 ff ff 00 00 00 00 1f ff 1f ff",  // for too many
      "80 cf 00 02 00 00 00 01 04 00 00 09",                                      // XR block past the end
      "a0 c9 00 01 00 00 00 00",                                                  // padding of size 0
      "a0 c9 00 01 00 00 00 05",                                                  // padding past the beginning
  };
  for (const char* text : malformed) {
    Compound compound = parse_rtcp(hex(text));
    EXPECT_TRUE(compound.messages.empty()) << text;
    EXPECT_EQ(compound.malformed, 1u) << text;
  }
}

TEST(Rtcp, padding_of_the_last_packet_is_taken_off) {
  EXPECT_EQ(only<ReceiverReport>(hex("a0 c9 00 02 00 00 00 07 00 00 00 04")), (ReceiverReport{7, {}}));
}

TEST(Rtcp, unknown_xr_blocks_are_stepped_over) {
  auto report =
      only<ExtendedReport>(hex("80 cf 00 09 00 00 00 01 2a 00 00 01 ff ff ff ff 04 00 00 02 00 00 00 05 00 00 00 06"
                               "05 00 00 02 00 00 00 01 00 00 00 02"));
  EXPECT_EQ(report.receiver_ntp, 0x0000000500000006u);
  EXPECT_TRUE(report.last_received.empty());
}

TEST(Rtcp, the_number_of_messages_is_bounded) {
  std::vector<uint8_t> bytes;
  for (size_t i = 0; i < kMaxMessages + 5; ++i) {
    for (uint8_t byte : hex("80 d0 00 00")) bytes.push_back(byte);
  }
  Compound compound = parse_rtcp(bytes);
  EXPECT_EQ(compound.messages.size(), kMaxMessages);
  EXPECT_EQ(compound.malformed, 1u);
}

TEST(Rtcp, the_sender_can_be_seen_before_decryption) {
  EXPECT_EQ(peek_sender_ssrc(hex("80 c9 00 01 11 22 33 44")), 0x11223344u);
  EXPECT_EQ(peek_sender_ssrc(hex("80 c9 00 01 11 22 33")), 0u);
}

TEST(NtpTime, conversions) {
  EXPECT_EQ(ntp_time(WallTime{0}), uint64_t{2'208'988'800} << 32);
  EXPECT_EQ(ntp_time(WallTime{500'000}) & 0xffffffff, 0x80000000u);
  EXPECT_EQ(compact_ntp(0x1122334455667788), 0x33445566u);
  EXPECT_EQ(compact_duration(std::chrono::milliseconds(1500)), 0x18000u);
  EXPECT_EQ(compact_duration(std::chrono::milliseconds(-1)), 0u);
  EXPECT_EQ(from_compact_duration(0x18000), std::chrono::milliseconds(1500));
}

}  // namespace
}  // namespace limen::rtcp
