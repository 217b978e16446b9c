#include "wire/rtcp/transport_feedback.hpp"

#include <gtest/gtest.h>

#include <random>

#include "wire/rtcp/rtcp_parser.hpp"
#include "wire/rtcp/rtcp_writer.hpp"
#include "wire/test_bytes.hpp"

namespace limen::rtcp {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;
using test::hex;
using test::vec;

std::vector<uint8_t> body_of(const TransportFeedback& feedback) {
  std::vector<uint8_t> buffer(4000);
  ByteWriter writer(buffer);
  write_transport_feedback_body(feedback, writer);
  EXPECT_TRUE(writer.ok());
  return vec(writer.written());
}

Instant at(Duration since_origin) {
  return Instant(since_origin);
}

TEST(TransportFeedback, chunks_of_the_draft_are_read) {
  // Run of 3 small deltas; one-bit vector with 14; two-bit vector with 7.
  auto run = parse_transport_feedback_body(hex("00 05 00 03 00 00 02 09 20 03 01 02 03"));
  ASSERT_TRUE(run);
  EXPECT_EQ(run->base_sequence, 5);
  EXPECT_EQ(run->reference_time, 2);
  EXPECT_EQ(run->feedback_count, 9);
  EXPECT_EQ(run->packets, (std::vector<TransportFeedback::Status>{{true, 1}, {true, 2}, {true, 3}}));
  auto one_bit = parse_transport_feedback_body(hex("00 05 00 03 ff ff ff 09 a8 00 01 02"));
  ASSERT_TRUE(one_bit);
  EXPECT_EQ(one_bit->reference_time, -1);
  EXPECT_EQ(one_bit->packets, (std::vector<TransportFeedback::Status>{{true, 1}, {false, 0}, {true, 2}}));
  auto two_bits = parse_transport_feedback_body(hex("00 05 00 03 00 00 00 09 d2 00 01 ff fe"));
  ASSERT_TRUE(two_bits);
  EXPECT_EQ(two_bits->packets, (std::vector<TransportFeedback::Status>{{true, 1}, {false, 0}, {true, -2}}));
}

TEST(TransportFeedback, malformed_bodies_are_refused) {
  const char* refused[] = {
      "00 05 00 03 00 00 02",                 // short header
      "00 05 00 03 00 00 02 09",              // no chunk
      "00 05 00 03 00 00 02 09 20 03 01 02",  // a delta missing
      "00 05 00 03 00 00 02 09 60 03",        // reserved symbol, run
      "00 05 00 03 00 00 02 09 f0 00",        // reserved symbol, vector
      "00 05 00 03 00 00 02 09 20 00 20 03",  // run of nothing
      "00 05 20 01 00 00 02 09 1f ff 1f ff",  // 8193 statuses
  };
  for (const char* text : refused) EXPECT_FALSE(parse_transport_feedback_body(hex(text))) << text;
}

TEST(TransportFeedback, arrivals_survive_to_a_quarter_millisecond) {
  std::vector<PacketArrival> arrivals = {{65534, at(milliseconds(1000))},
                                         {65535, at(microseconds(1000'260))},
                                         {65538, at(microseconds(1200'000))},   // large delta
                                         {65539, at(microseconds(1199'000))}};  // came earlier
  TransportFeedback feedback;
  ASSERT_EQ(make_transport_feedback(arrivals, 3, -1, feedback), 4u);
  auto read = parse_transport_feedback_body(body_of(feedback));
  ASSERT_TRUE(read);
  EXPECT_EQ(read->base_sequence, 65534);
  std::vector<std::tuple<uint16_t, bool, int64_t>> seen;
  for_each_status(*read, [&seen](uint16_t sequence, bool received, Duration when) {
    seen.emplace_back(sequence, received, to_us(when));
  });
  EXPECT_EQ(seen, (std::vector<std::tuple<uint16_t, bool, int64_t>>{{65534, true, 1000'000},
                                                                    {65535, true, 1000'250},
                                                                    {0, false, 1000'250},
                                                                    {1, false, 1000'250},
                                                                    {2, true, 1200'000},
                                                                    {3, true, 1199'000}}));
}

TEST(TransportFeedback, losses_between_two_messages_are_reported_by_the_second) {
  std::vector<PacketArrival> arrivals = {{105, at(milliseconds(5))}};
  TransportFeedback feedback;
  make_transport_feedback(arrivals, 0, 102, feedback);
  EXPECT_EQ(feedback.base_sequence, 102);
  EXPECT_EQ(feedback.packets.size(), 4u);
  EXPECT_FALSE(feedback.packets[0].received);
  EXPECT_TRUE(feedback.packets[3].received);
}

TEST(TransportFeedback, a_message_ends_at_400_statuses_and_at_deltas_that_do_not_fit) {
  std::vector<PacketArrival> arrivals;
  for (int i = 0; i < 1000; ++i) arrivals.push_back({i, at(milliseconds(i))});
  TransportFeedback feedback;
  EXPECT_EQ(make_transport_feedback(arrivals, 0, -1, feedback), kMaxFeedbackPackets);
  EXPECT_EQ(feedback.packets.size(), kMaxFeedbackPackets);

  std::vector<PacketArrival> far = {{0, at({})}, {500, at(milliseconds(1))}, {501, at(std::chrono::seconds(60))}};
  EXPECT_EQ(make_transport_feedback(far, 0, -1, feedback), 1u);
  EXPECT_EQ(make_transport_feedback(std::span(far).subspan(1), 1, 1, feedback), 1u);
  EXPECT_EQ(feedback.packets.size(), kMaxFeedbackPackets);
  EXPECT_EQ(feedback.base_sequence, 101);
  EXPECT_TRUE(feedback.packets.back().received);
  EXPECT_EQ(make_transport_feedback({}, 1, 1, feedback), 0u);
}

TEST(TransportFeedback, quantisation_does_not_drift) {
  std::vector<PacketArrival> arrivals;
  for (int i = 0; i < 400; ++i) arrivals.push_back({i, at(microseconds(i * 333))});
  TransportFeedback feedback;
  ASSERT_EQ(make_transport_feedback(arrivals, 0, -1, feedback), 400u);
  int i = 0;
  for_each_status(feedback, [&i](uint16_t, bool, Duration when) {
    int64_t error = i++ * 333 - to_us(when);
    EXPECT_GE(error, 0);
    EXPECT_LT(error, 250);
  });
}

TEST(TransportFeedback, random_patterns_round_trip) {
  std::mt19937 random(1);
  for (int round = 0; round < 2000; ++round) {
    TransportFeedback feedback;
    feedback.base_sequence = static_cast<uint16_t>(random());
    feedback.reference_time = static_cast<int32_t>(random() % 0x1000000) - 0x800000;
    size_t count = 1 + random() % 400;
    unsigned loss = random() % 100, large = random() % 100;
    for (size_t i = 0; i < count; ++i) {
      if (random() % 100 < loss) feedback.packets.push_back({false, 0});
      else if (random() % 100 < large) feedback.packets.push_back({true, static_cast<int16_t>(random())});
      else feedback.packets.push_back({true, static_cast<int16_t>(random() % 256)});
    }
    auto read = parse_transport_feedback_body(body_of(feedback));
    ASSERT_TRUE(read);
    ASSERT_EQ(*read, feedback);
  }
}

TEST(TransportFeedback, long_runs_take_two_bytes) {
  TransportFeedback feedback;
  feedback.packets.assign(400, {true, 1});
  EXPECT_EQ(body_of(feedback).size(), 8u + 2 + 400);
  feedback.packets.assign(8191, {false, 0});
  EXPECT_EQ(body_of(feedback).size(), 8u + 2);
}

// Senders pad by one to three bytes with the P bit set.
TEST(TransportFeedback, short_padding_is_understood) {
  auto compound = parse_rtcp(hex("af cd 00 05 00 00 00 01 00 00 00 02 00 05 00 01 00 00 02 09 20 01 07 01"));
  ASSERT_EQ(compound.messages.size(), 1u);
  const auto& feedback = std::get<TransportFeedback>(compound.messages[0]);
  EXPECT_EQ(feedback.packets, (std::vector<TransportFeedback::Status>{{true, 7}}));
}

}  // namespace
}  // namespace limen::rtcp
