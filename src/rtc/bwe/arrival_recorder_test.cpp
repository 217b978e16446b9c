#include "rtc/bwe/arrival_recorder.hpp"

#include <gtest/gtest.h>

#include <map>

namespace limen::rtc {
namespace {

using namespace std::chrono_literals;

std::map<uint16_t, bool> statuses(ArrivalRecorder& recorder) {
  std::map<uint16_t, bool> out;
  rtcp::TransportFeedback feedback;
  while (recorder.take(feedback)) {
    EXPECT_LE(feedback.packets.size(), rtcp::kMaxFeedbackPackets);
    rtcp::for_each_status(feedback, [&](uint16_t sequence, bool received, Duration) { out[sequence] = received; });
  }
  return out;
}

TEST(ArrivalRecorder, reports_arrivals_and_holes_in_order) {
  ArrivalRecorder recorder;
  Instant now{1h};
  for (uint16_t sequence : {10, 12, 11, 15, 12}) recorder.on_packet(sequence, now += 1ms);
  auto seen = statuses(recorder);
  EXPECT_EQ(seen, (std::map<uint16_t, bool>{{10, true}, {11, true}, {12, true}, {13, false}, {14, false}, {15, true}}));
  EXPECT_TRUE(recorder.empty());
}

TEST(ArrivalRecorder, a_hole_between_two_reports_is_reported_lost) {
  ArrivalRecorder recorder;
  Instant now{1h};
  recorder.on_packet(10, now);
  statuses(recorder);
  recorder.on_packet(13, now + 100ms);
  auto seen = statuses(recorder);
  EXPECT_EQ(seen, (std::map<uint16_t, bool>{{11, false}, {12, false}, {13, true}}));
}

TEST(ArrivalRecorder, what_was_reported_lost_stays_lost) {
  ArrivalRecorder recorder;
  Instant now{1h};
  recorder.on_packet(10, now);
  recorder.on_packet(12, now);
  statuses(recorder);
  recorder.on_packet(11, now);
  EXPECT_TRUE(statuses(recorder).empty());
}

TEST(ArrivalRecorder, numbers_wrap) {
  ArrivalRecorder recorder;
  Instant now{1h};
  for (int i = 65530; i < 65536 + 10; ++i) recorder.on_packet(static_cast<uint16_t>(i), now += 1ms);
  EXPECT_EQ(statuses(recorder).size(), 16u);
}

TEST(ArrivalRecorder, memory_is_bounded_and_messages_too) {
  ArrivalRecorder recorder;
  Instant now{1h};
  for (int i = 0; i < 6000; ++i) recorder.on_packet(static_cast<uint16_t>(i), now += 10us);
  EXPECT_EQ(statuses(recorder).size(), ArrivalRecorder::kMaxArrivals);
}

}  // namespace
}  // namespace limen::rtc
