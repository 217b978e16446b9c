#include "runtime/timer_queue.hpp"

#include <gtest/gtest.h>

namespace limen::runtime {
namespace {

Instant at(int ms) {
  return Instant(std::chrono::milliseconds(ms));
}

int run_due(TimerQueue& timers, Instant now) {
  int count = 0;
  Task task;
  while (timers.pop_due(now, task)) {
    task();
    ++count;
  }
  return count;
}

TEST(TimerQueue, runs_what_is_due_in_order) {
  TimerQueue timers;
  std::string order;
  timers.add(at(30), [&] { order += 'c'; });
  timers.add(at(10), [&] { order += 'a'; });
  timers.add(at(10), [&] { order += 'b'; });
  EXPECT_EQ(timers.next(), at(10));
  EXPECT_EQ(run_due(timers, at(9)), 0);
  EXPECT_EQ(run_due(timers, at(29)), 2);
  EXPECT_EQ(run_due(timers, at(30)), 1);
  EXPECT_EQ(order, "abc");
  EXPECT_EQ(timers.next(), kNever);
}

TEST(TimerQueue, a_cancelled_timer_does_not_run_and_its_id_stays_dead) {
  TimerQueue timers;
  bool first = false, second = false;
  TimerId id = timers.add(at(10), [&] { first = true; });
  timers.cancel(id);
  TimerId reused_slot = timers.add(at(10), [&] { second = true; });
  EXPECT_NE(id, reused_slot);
  timers.cancel(id);
  run_due(timers, at(10));
  EXPECT_FALSE(first);
  EXPECT_TRUE(second);
  timers.cancel(reused_slot);
}

TEST(TimerQueue, a_timer_for_never_waits_until_it_is_cancelled) {
  TimerQueue timers;
  auto held = std::make_shared<int>(1);
  TimerId id = timers.add(kNever, [held] {});
  EXPECT_EQ(run_due(timers, kNever), 0);
  EXPECT_EQ(timers.size(), 1u);
  timers.cancel(id);
  EXPECT_EQ(held.use_count(), 1);
}

TEST(TimerQueue, clearing_destroys_what_waits) {
  TimerQueue timers;
  auto held = std::make_shared<int>(1);
  timers.add(at(1), [held] {});
  timers.add(kNever, [held] {});
  timers.clear();
  EXPECT_EQ(held.use_count(), 1);
  EXPECT_EQ(timers.next(), kNever);
}

}  // namespace
}  // namespace limen::runtime
