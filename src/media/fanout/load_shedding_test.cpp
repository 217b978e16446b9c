#include "media/fanout/load_shedding.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace limen::media {
namespace {

using std::chrono::milliseconds;

struct LoadSheddingTest : testing::Test {
  // Turns every 10 ms at this load.
  void work(double load, Duration time) {
    for (Instant end = now + time; now < end; now += milliseconds(10)) {
      if (shedding.update(load, now)) layers.emplace_back(shedding.spatial(), shedding.temporal());
    }
  }
  LoadShedding shedding;
  Instant now{std::chrono::hours(1)};
  std::vector<std::pair<int, int>> layers;  // after each step
};

using Steps = std::vector<std::pair<int, int>>;

TEST_F(LoadSheddingTest, a_busy_shard_that_keeps_up_forwards_everything) {
  work(0.94, std::chrono::minutes(1));
  EXPECT_EQ(layers, Steps{});
  EXPECT_EQ(shedding.spatial(), 2);
  EXPECT_EQ(shedding.temporal(), 2);
}

TEST_F(LoadSheddingTest, a_moment_of_too_much_changes_nothing) {
  for (int i = 0; i < 20; ++i) {
    work(1, milliseconds(290));
    work(0.8, milliseconds(10));
  }
  EXPECT_EQ(layers, Steps{});
}

TEST_F(LoadSheddingTest, layers_go_one_by_one_temporal_ones_first_and_the_lowest_stay) {
  work(1, std::chrono::minutes(1));
  EXPECT_EQ(layers, (Steps{{2, 1}, {2, 0}, {1, 0}, {0, 0}}));
}

TEST_F(LoadSheddingTest, they_come_back_slowly_and_only_where_there_is_room) {
  work(1, milliseconds(700));
  EXPECT_EQ(shedding.level(), 2);
  work(0.8, std::chrono::minutes(1));
  EXPECT_EQ(shedding.level(), 2);
  work(0.5, milliseconds(4900));
  EXPECT_EQ(shedding.level(), 2);
  work(0.5, milliseconds(200));
  EXPECT_EQ(shedding.level(), 1);
  work(0.5, std::chrono::seconds(6));
  EXPECT_EQ(shedding.level(), 0);
}

}  // namespace
}  // namespace limen::media
