#include "transports/http/long_polls.hpp"

#include <gtest/gtest.h>

#include "tests/support/transport_bench.hpp"

namespace limen::http {
namespace {

using Kind = LongPolls::Outcome::Kind;

class LongPollsTest : public testing::Test {
 protected:
  static constexpr uint64_t kOwner = 1;
  const SessionId session_{77};

  void open() { polls_->open(session_, kOwner); }
  void push(int n) { polls_->push(session_, kOwner, JsonObject{{"n", n}}); }
  PollId wait(size_t max_events) {
    return polls_->wait(session_, max_events,
                        [this](LongPolls::Outcome outcome) { outcomes_.push_back(std::move(outcome)); });
  }

  test::TransportBench bench_;
  std::shared_ptr<LongPolls> polls_ = std::make_shared<LongPolls>(bench_.clock);
  std::vector<LongPolls::Outcome> outcomes_;
};

TEST_F(LongPollsTest, queued_events_are_given_at_once_and_in_order) {
  open();
  for (int n = 0; n < 3; ++n) push(n);
  EXPECT_FALSE(wait(1));
  EXPECT_FALSE(wait(5));
  ASSERT_EQ(outcomes_.size(), 2u);
  ASSERT_EQ(outcomes_[0].events.size(), 1u);
  EXPECT_EQ(outcomes_[0].events[0].at("n"), 0);
  ASSERT_EQ(outcomes_[1].events.size(), 2u);
  EXPECT_EQ(outcomes_[1].events[1].at("n"), 2);
}

TEST_F(LongPollsTest, all_waiting_polls_are_answered_by_one_event) {
  open();
  wait(1);
  wait(5);
  push(1);
  bench_.settle();
  ASSERT_EQ(outcomes_.size(), 2u);
  EXPECT_EQ(outcomes_[0].kind, Kind::events);
  EXPECT_EQ(outcomes_[1].kind, Kind::keepalive);
}

TEST_F(LongPollsTest, events_of_one_moment_travel_together) {
  open();
  wait(10);
  push(1);
  push(2);
  bench_.settle();
  ASSERT_EQ(outcomes_.size(), 1u);
  EXPECT_EQ(outcomes_[0].events.size(), 2u);
}

TEST_F(LongPollsTest, nothing_for_thirty_seconds_is_a_keepalive) {
  open();
  wait(1);
  bench_.advance(std::chrono::milliseconds(29'900));
  EXPECT_TRUE(outcomes_.empty());
  bench_.advance(std::chrono::milliseconds(200));
  ASSERT_EQ(outcomes_.size(), 1u);
  EXPECT_EQ(outcomes_[0].kind, Kind::keepalive);
  push(1);
  bench_.settle();
  EXPECT_EQ(outcomes_.size(), 1u);
}

TEST_F(LongPollsTest, last_event_reaches_a_poll_before_the_session_ends) {
  open();
  wait(1);
  wait(1);
  push(1);
  polls_->close(session_, kOwner, false);
  bench_.settle();
  ASSERT_EQ(outcomes_.size(), 2u);
  EXPECT_EQ(outcomes_[0].kind, Kind::events);
  EXPECT_EQ(outcomes_[1].kind, Kind::keepalive);
  EXPECT_FALSE(polls_->knows(session_));
}

TEST_F(LongPollsTest, end_of_a_session_ends_its_polls) {
  open();
  wait(1);
  polls_->close(session_, kOwner, false);
  ASSERT_EQ(outcomes_.size(), 1u);
  EXPECT_EQ(outcomes_[0].kind, Kind::session_over);
  EXPECT_EQ(bench_.clock.timers(), 0u);
}

TEST_F(LongPollsTest, claim_moves_the_session_and_forgets_queued_events) {
  open();
  push(1);
  polls_->close(session_, kOwner, true);
  polls_->open(session_, 2);
  push(2);  // still from the old owner
  polls_->close(session_, kOwner, false);
  EXPECT_TRUE(polls_->knows(session_));
  wait(5);
  EXPECT_TRUE(outcomes_.empty());
  polls_->push(session_, 2, JsonObject{{"n", 3}});
  bench_.settle();
  ASSERT_EQ(outcomes_.size(), 1u);
  EXPECT_EQ(outcomes_[0].events[0].at("n"), 3);
}

TEST_F(LongPollsTest, claim_ends_waiting_polls_with_keepalive_in_either_order) {
  open();
  wait(1);
  polls_->close(session_, kOwner, true);
  polls_->open(session_, 2);
  wait(1);
  polls_->open(session_, 3);
  ASSERT_EQ(outcomes_.size(), 2u);
  EXPECT_EQ(outcomes_[0].kind, Kind::keepalive);
  EXPECT_EQ(outcomes_[1].kind, Kind::keepalive);
}

TEST_F(LongPollsTest, cancelled_poll_takes_no_event) {
  open();
  PollId poll = wait(1);
  ASSERT_TRUE(poll);
  polls_->cancel(session_, poll);
  push(1);
  bench_.settle();
  EXPECT_TRUE(outcomes_.empty());
  wait(1);
  ASSERT_EQ(outcomes_.size(), 1u);
}

TEST_F(LongPollsTest, queue_is_bounded_and_keeps_the_newest) {
  open();
  for (size_t n = 0; n < LongPolls::kMaxQueued + 10; ++n) push(static_cast<int>(n));
  EXPECT_EQ(polls_->dropped(), 10u);
  wait(1);
  ASSERT_EQ(outcomes_.size(), 1u);
  EXPECT_EQ(outcomes_[0].events[0].at("n"), 10);
}

TEST_F(LongPollsTest, unknown_sessions_are_over) {
  EXPECT_FALSE(wait(1));
  ASSERT_EQ(outcomes_.size(), 1u);
  EXPECT_EQ(outcomes_[0].kind, Kind::session_over);
  polls_->push(session_, kOwner, JsonObject{});
  polls_->close(session_, kOwner, false);
  polls_->cancel(session_, PollId(5));
}

}  // namespace
}  // namespace limen::http
