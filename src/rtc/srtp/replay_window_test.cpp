#include "rtc/srtp/replay_window.hpp"

#include <gtest/gtest.h>

#include <set>

#include "tests/support/seeded_random.hpp"

namespace limen::rtc {
namespace {

using Verdict = ReplayWindow::Verdict;

TEST(ReplayWindow, the_first_packet_is_taken_as_it_is) {
  ReplayWindow window;
  uint64_t index = 0;
  EXPECT_TRUE(window.estimate(60000, index));
  EXPECT_EQ(index, 60000u);
  EXPECT_EQ(window.check(index), Verdict::fresh);
}

TEST(ReplayWindow, a_wrap_forwards_and_a_late_packet_from_before_it) {
  ReplayWindow window;
  window.record(65530);
  uint64_t index = 0;
  EXPECT_TRUE(window.estimate(3, index));
  EXPECT_EQ(index, 65539u);
  window.record(index);
  EXPECT_TRUE(window.estimate(65535, index));
  EXPECT_EQ(index, 65535u);
  EXPECT_EQ(window.check(index), Verdict::fresh);
}

TEST(ReplayWindow, nothing_comes_before_index_zero_or_after_the_last) {
  ReplayWindow window;
  uint64_t index = 0;
  window.record(2);
  EXPECT_FALSE(window.estimate(65535, index));
  ReplayWindow old;
  old.record(ReplayWindow::kMaxIndex);
  EXPECT_FALSE(old.estimate(0, index));
  EXPECT_TRUE(old.estimate(65534, index));
}

TEST(ReplayWindow, remembers_exactly_its_width) {
  ReplayWindow window;
  window.record(5000);
  EXPECT_EQ(window.check(5000), Verdict::seen);
  EXPECT_EQ(window.check(5000 - ReplayWindow::kSize + 1), Verdict::fresh);
  EXPECT_EQ(window.check(5000 - ReplayWindow::kSize), Verdict::too_old);
  window.record(5000 + ReplayWindow::kSize);
  EXPECT_EQ(window.check(5000 + 1), Verdict::fresh);
}

TEST(ReplayWindow, agrees_with_a_plain_set_over_random_jumps) {
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    limen::test::SeededRandom random(seed);
    ReplayWindow window;
    std::set<uint64_t> seen;
    uint64_t highest = 0;
    for (int i = 0; i < 5000; ++i) {
      uint64_t jump = random.below(10) == 0 ? random.below(3000) : random.below(5);
      uint64_t index = highest + jump;
      if (random.below(3) == 0) index -= std::min(index, random.below(1500));
      Verdict expected = Verdict::fresh;
      if (!seen.empty() && index + ReplayWindow::kSize <= highest) expected = Verdict::too_old;
      else if (seen.contains(index)) expected = Verdict::seen;
      ASSERT_EQ(window.check(index), expected) << seed << " " << i;
      if (expected != Verdict::fresh) continue;
      window.record(index);
      seen.insert(index);
      highest = std::max(highest, index);
    }
  }
}

}  // namespace
}  // namespace limen::rtc
