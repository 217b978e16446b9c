#include "rtc/streams/nack_generator.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>

namespace limen::rtc {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::IsEmpty;

class NackGeneratorTest : public testing::Test {
 protected:
  std::vector<uint16_t> collect(Duration rtt = 40ms) {
    std::array<uint16_t, 512> out;
    size_t count = nack.collect(now, rtt, out);
    return {out.begin(), out.begin() + static_cast<ptrdiff_t>(count)};
  }
  void receive(uint64_t sequence, bool retransmitted = false) { nack.on_packet(65536 + sequence, retransmitted, now); }

  NackGenerator nack;
  Instant now{1h};
};

TEST_F(NackGeneratorTest, asks_for_nothing_while_nothing_is_missing) {
  for (uint64_t i = 0; i < 10; ++i) receive(i);
  EXPECT_EQ(nack.next_deadline(), kNever);
  EXPECT_THAT(collect(), IsEmpty());
}

TEST_F(NackGeneratorTest, a_hole_is_asked_for_at_once) {
  receive(1);
  receive(4);
  EXPECT_EQ(nack.next_deadline(), now);
  EXPECT_THAT(collect(), ElementsAre(2, 3));
}

TEST_F(NackGeneratorTest, asks_again_after_a_round_trip_until_it_comes) {
  receive(1);
  receive(3);
  EXPECT_THAT(collect(), ElementsAre(2));
  EXPECT_THAT(collect(), IsEmpty());
  now += 49ms;
  EXPECT_THAT(collect(), IsEmpty());
  now += 1ms;
  EXPECT_EQ(nack.next_deadline(), now);
  EXPECT_THAT(collect(), ElementsAre(2));
  receive(2, true);
  EXPECT_EQ(nack.next_deadline(), kNever);
}

TEST_F(NackGeneratorTest, learns_how_long_answers_take) {
  uint64_t next = 1;
  for (int i = 0; i < 20; ++i, next += 2) {
    receive(next);
    receive(next + 2);
    while (collect(10ms).empty()) now += 1ms;
    now += 100ms;
    while (!collect(10ms).empty()) continue;
    receive(next + 1, true);
  }
  receive(next + 2);
  EXPECT_EQ(collect(10ms).size(), 1u);
  EXPECT_GT(nack.next_deadline() - now, 110ms);
}

TEST_F(NackGeneratorTest, gives_up_what_is_too_old) {
  receive(1);
  receive(3);
  size_t asked = 0;
  for (Instant end = now + 5s; now < end && nack.next_deadline() != kNever; now += 10ms) asked += collect(50ms).size();
  EXPECT_EQ(nack.pending(), 0u);
  EXPECT_EQ(nack.given_up(), 1u);
  EXPECT_GT(asked, 3u);
  EXPECT_LE(asked, size_t{NackGenerator::kMaxTries});
}

TEST_F(NackGeneratorTest, learns_how_much_the_path_reorders) {
  receive(1);
  receive(3);
  collect();
  now += 4ms;
  receive(2);  // sooner than any answer to the NACK
  EXPECT_EQ(nack.tolerance(), 5ms);
  receive(5);
  EXPECT_THAT(collect(), IsEmpty());
  EXPECT_EQ(nack.next_deadline(), now + 5ms);
  now += 4ms;
  receive(4);
  now += 10ms;
  EXPECT_THAT(collect(), IsEmpty());
}

TEST_F(NackGeneratorTest, retransmissions_teach_nothing_about_reordering) {
  receive(1);
  receive(3);
  collect();
  now += 4ms;
  receive(2, true);
  EXPECT_EQ(nack.tolerance(), Duration::zero());
}

TEST_F(NackGeneratorTest, a_keyframe_clears_what_was_before_it) {
  receive(1);
  receive(4);
  receive(5);
  nack.on_keyframe(65536 + 5);
  EXPECT_EQ(nack.pending(), 0u);
  EXPECT_EQ(nack.next_deadline(), kNever);
}

TEST_F(NackGeneratorTest, a_hole_directly_before_a_keyframe_may_be_its_beginning) {
  receive(1);
  receive(3);
  receive(6);
  nack.on_keyframe(65536 + 6);
  EXPECT_THAT(collect(), ElementsAre(4, 5));
}

TEST_F(NackGeneratorTest, an_outage_is_not_asked_for) {
  receive(1);
  receive(2 + NackGenerator::kMaxMissing + 1);
  EXPECT_EQ(nack.pending(), 0u);
  EXPECT_EQ(nack.given_up(), NackGenerator::kMaxMissing + 1);
}

TEST_F(NackGeneratorTest, memory_is_bounded_and_the_newest_are_kept) {
  for (uint64_t i = 0; i < 4000; i += 2) receive(i);
  EXPECT_EQ(nack.pending(), NackGenerator::kMaxMissing);
  auto asked = collect();
  EXPECT_EQ(asked.back(), 3997);
}

TEST_F(NackGeneratorTest, a_small_output_leaves_the_rest_due) {
  receive(1);
  receive(6);
  std::array<uint16_t, 2> two;
  EXPECT_EQ(nack.collect(now, 40ms, two), 2u);
  EXPECT_EQ(nack.next_deadline(), now);
  EXPECT_THAT(collect(), ElementsAre(4, 5));
}

}  // namespace
}  // namespace limen::rtc
