#include "rtc/sctp/stream_resets.hpp"

#include <gtest/gtest.h>

#include <array>

namespace limen::rtc {
namespace {

using namespace std::chrono_literals;
using sctp::ReconfigParameter;
using sctp::ReconfigResult;
using sctp::ReconfigType;

constexpr Instant kNow{1h};
constexpr std::array<uint8_t, 2> kStreamFive{0, 5};

ReconfigParameter outgoing(uint32_t sequence, uint32_t last_tsn) {
  ReconfigParameter out;
  out.type = ReconfigType::outgoing_reset;
  out.request_sequence = sequence;
  out.last_tsn = last_tsn;
  out.streams = kStreamFive;
  return out;
}
ReconfigParameter response(uint32_t sequence, ReconfigResult result) {
  ReconfigParameter out;
  out.type = ReconfigType::response;
  out.request_sequence = sequence;
  out.result = result;
  return out;
}

TEST(StreamResets, wait_for_data_and_are_done_once_when_asked_with_the_same_number) {
  StreamResets resets(1, 100, 300);
  EXPECT_EQ(resets.handle_request(outgoing(100, 50), 49).response.result, ReconfigResult::in_progress);
  EXPECT_EQ(resets.handle_request(outgoing(100, 50), 49).response.result, ReconfigResult::in_progress);
  EXPECT_FALSE(resets.settle(49));
  auto done = resets.settle(50);
  ASSERT_TRUE(done && done->reset);
  EXPECT_EQ(done->streams, std::vector<uint16_t>{5});
  EXPECT_EQ(done->response.request_sequence, 100U);
  auto again = resets.handle_request(outgoing(100, 50), 51);
  EXPECT_EQ(again.response.result, ReconfigResult::performed);
  EXPECT_FALSE(again.reset);
}

TEST(StreamResets, are_done_once_when_asked_again_with_the_next_number) {
  for (bool before : {true, false}) {
    StreamResets resets(1, 100, 300);
    EXPECT_EQ(resets.handle_request(outgoing(100, 50), 49).response.result, ReconfigResult::in_progress);
    if (before) {
      EXPECT_EQ(resets.handle_request(outgoing(101, 50), 49).response.result, ReconfigResult::in_progress);
    }
    ASSERT_TRUE(resets.settle(50));
    auto late = resets.handle_request(outgoing(before ? 102 : 101, 50), 50);
    EXPECT_EQ(late.response.result, ReconfigResult::performed);
    EXPECT_FALSE(late.reset);
    // With data in between it is another one.
    EXPECT_TRUE(resets.handle_request(outgoing(before ? 103 : 102, 51), 51).reset);
  }
}

TEST(StreamResets, a_number_out_of_turn_is_refused) {
  StreamResets resets(1, 100, 300);
  EXPECT_EQ(resets.handle_request(outgoing(99, 50), 50).response.result, ReconfigResult::bad_sequence);
  EXPECT_EQ(resets.handle_request(outgoing(101, 50), 50).response.result, ReconfigResult::bad_sequence);
  EXPECT_TRUE(resets.handle_request(outgoing(100, 50), 50).reset);
}

TEST(StreamResets, after_in_progress_the_next_number_is_used_and_a_late_answer_still_taken) {
  StreamResets resets(1, 100, 300);
  resets.want(5);
  resets.begin([](uint16_t) { return true; }, 50);
  ASSERT_TRUE(resets.request_due());
  EXPECT_EQ(resets.request().request_sequence, 1U);
  resets.on_request_sent(kNow + 1s);
  resets.retry();
  EXPECT_EQ(resets.request().request_sequence, 1U);  // unanswered: the same
  EXPECT_FALSE(resets.handle_response(response(1, ReconfigResult::in_progress), kNow + 2s));
  EXPECT_EQ(resets.retry_at(), kNow + 2s);
  resets.retry();
  EXPECT_EQ(resets.request().request_sequence, 2U);
  EXPECT_FALSE(resets.handle_response(response(1, ReconfigResult::performed), kNow));
  auto done = resets.handle_response(response(2, ReconfigResult::performed), kNow);
  ASSERT_TRUE(done && done->performed);
  EXPECT_FALSE(resets.busy(5));
}

}  // namespace
}  // namespace limen::rtc
