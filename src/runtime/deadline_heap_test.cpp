#include "runtime/deadline_heap.hpp"

#include <gtest/gtest.h>

#include <map>

#include "tests/support/seeded_random.hpp"

namespace limen::runtime {
namespace {

using std::chrono::milliseconds;

Instant at(int ms) {
  return Instant(milliseconds(ms));
}

std::vector<uint32_t> drained(DeadlineHeap& heap) {
  std::vector<uint32_t> order;
  while (!heap.empty()) {
    order.push_back(heap.front());
    heap.remove(heap.front());
  }
  return order;
}

TEST(DeadlineHeap, an_empty_heap_never_fires) {
  DeadlineHeap heap;
  EXPECT_EQ(heap.next(), kNever);
  heap.remove(7);
  heap.set(3, kNever);
  EXPECT_TRUE(heap.empty());
  EXPECT_FALSE(heap.contains(3));
}

TEST(DeadlineHeap, equal_deadlines_keep_the_order_of_setting) {
  DeadlineHeap heap;
  for (uint32_t slot : {5u, 1u, 9u, 2u}) heap.set(slot, at(10));
  heap.set(4, at(5));
  EXPECT_EQ(drained(heap), (std::vector<uint32_t>{4, 5, 1, 9, 2}));
}

TEST(DeadlineHeap, setting_again_moves_the_entry_both_ways) {
  DeadlineHeap heap;
  heap.set(1, at(10));
  heap.set(2, at(20));
  heap.set(3, at(30));
  heap.set(1, at(40));
  EXPECT_EQ(heap.next(), at(20));
  heap.set(3, at(5));
  EXPECT_EQ(heap.size(), 3u);
  EXPECT_EQ(drained(heap), (std::vector<uint32_t>{3, 2, 1}));
}

TEST(DeadlineHeap, never_removes) {
  DeadlineHeap heap;
  heap.set(1, at(10));
  heap.set(2, at(20));
  heap.set(1, kNever);
  EXPECT_EQ(drained(heap), (std::vector<uint32_t>{2}));
}

TEST(DeadlineHeap, agrees_with_a_sorted_map_under_random_use) {
  test::SeededRandom random(11);
  DeadlineHeap heap;
  std::map<uint32_t, Instant> model;
  for (int step = 0; step < 20000; ++step) {
    auto slot = static_cast<uint32_t>(random.below(64));
    if (random.chance(0.3)) {
      heap.remove(slot);
      model.erase(slot);
    } else {
      Instant when = at(static_cast<int>(random.below(1000)));
      heap.set(slot, when);
      model[slot] = when;
    }
    Instant earliest = kNever;
    for (auto& [unused, when] : model) earliest = std::min(earliest, when);
    ASSERT_EQ(heap.next(), earliest);
    ASSERT_EQ(heap.size(), model.size());
    if (!model.empty()) {
      ASSERT_EQ(model.at(heap.front()), earliest);
    }
  }
}

}  // namespace
}  // namespace limen::runtime
