#include <gtest/gtest.h>

#include "media/gapless_counter.hpp"

namespace limen::media {
namespace {

TEST(GaplessCounter, keeps_the_first_source_as_it_is) {
  GaplessCounter counter(16);
  EXPECT_EQ(counter.map(65534), 65534U);
  EXPECT_EQ(counter.map(65535), 65535U);
  EXPECT_EQ(counter.map(1), 1U);  // 0 was lost: the gap stays
  EXPECT_EQ(counter.map(0), 0U);  // or late
}

TEST(GaplessCounter, what_is_left_out_leaves_no_gap) {
  GaplessCounter counter(16);
  EXPECT_EQ(counter.map(10), 10U);
  counter.leave_out(11);
  counter.leave_out(11);  // told twice
  EXPECT_EQ(counter.map(12), 11U);
  counter.leave_out(13);
  counter.leave_out(15);
  EXPECT_EQ(counter.map(14), 12U);
  EXPECT_EQ(counter.map(16), 13U);
  EXPECT_EQ(counter.map(15), std::nullopt);
}

TEST(GaplessCounter, reordering_over_a_left_out_number_is_told_right) {
  GaplessCounter counter(16);
  EXPECT_EQ(counter.map(65535), 65535U);
  counter.leave_out(1);
  EXPECT_EQ(counter.map(2), 1U);
  EXPECT_EQ(counter.map(0), 0U);
}

TEST(GaplessCounter, another_source_follows_the_highest) {
  GaplessCounter counter(16);
  counter.map(500);
  counter.map(499);
  counter.rebase();
  EXPECT_EQ(counter.map(9000), 501U);
  EXPECT_EQ(counter.map(9001), 502U);
  EXPECT_EQ(counter.map(8999), std::nullopt);  // before the switch: its place is taken
}

TEST(GaplessCounter, leaving_out_for_hours_neither_grows_nor_drifts) {
  GaplessCounter counter(16);
  uint32_t in = 0;
  uint32_t expected = 0;
  for (int i = 0; i < 300000; ++i, in = (in + 1) & 0xffff) {
    if (i % 4 != 0) {
      counter.leave_out(in);
      continue;
    }
    ASSERT_EQ(counter.map(in), expected) << i;
    expected = (expected + 1) & 0xffff;
  }
}

TEST(GaplessCounter, narrow_counters_wrap) {
  GaplessCounter counter(7);
  EXPECT_EQ(counter.map(126), 126U);
  counter.leave_out(127);
  EXPECT_EQ(counter.map(0), 127U);
  EXPECT_EQ(counter.map(1), 0U);
}

}  // namespace
}  // namespace limen::media
