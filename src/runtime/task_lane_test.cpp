#include "runtime/task_lane.hpp"

#include <gtest/gtest.h>

#include <thread>

namespace limen::runtime {
namespace {

TEST(TaskLane, order_is_kept_across_ring_changes) {
  TaskLane lane;
  constexpr int kCount = 5000;
  std::vector<int> seen;
  for (int i = 0; i < kCount; ++i) lane.push([&seen, i] { seen.push_back(i); });
  EXPECT_GT(lane.rings_made(), 3u);
  Task task;
  while (lane.pop(task)) task();
  ASSERT_EQ(seen.size(), static_cast<size_t>(kCount));
  EXPECT_TRUE(std::is_sorted(seen.begin(), seen.end()));
  EXPECT_TRUE(lane.empty());
}

TEST(TaskLane, steady_use_needs_one_ring) {
  TaskLane lane;
  Task task;
  int ran = 0;
  for (int i = 0; i < 10000; ++i) {
    lane.push([&ran] { ++ran; });
    ASSERT_TRUE(lane.pop(task));
    task();
  }
  EXPECT_EQ(ran, 10000);
  EXPECT_EQ(lane.rings_made(), 1u);
}

TEST(TaskLane, what_was_never_run_is_destroyed) {
  auto held = std::make_shared<int>(1);
  {
    TaskLane lane;
    for (int i = 0; i < 1000; ++i) lane.push([held] {});
    EXPECT_EQ(held.use_count(), 1001);
  }
  EXPECT_EQ(held.use_count(), 1);
}

TEST(TaskLane, two_threads_lose_and_reorder_nothing) {
  TaskLane lane;
  constexpr int kCount = 200000;
  int expected = 0;
  bool in_order = true;
  std::thread sender([&] {
    for (int i = 0; i < kCount; ++i) {
      lane.push([&, i] {
        in_order &= i == expected;
        ++expected;
      });
    }
  });
  Task task;
  while (expected < kCount) {
    if (lane.pop(task)) task();
    else std::this_thread::yield();
  }
  sender.join();
  EXPECT_TRUE(in_order);
  EXPECT_FALSE(lane.pop(task));
}

}  // namespace
}  // namespace limen::runtime
