#include "runtime/usable_cores.hpp"

#include <gtest/gtest.h>
#include <sched.h>

#include <thread>

namespace limen::runtime {
namespace {

TEST(UsableCores, quota_of_a_control_group_is_rounded_up) {
  EXPECT_EQ(cores_of_quota("150000 100000"), 2u);
  EXPECT_EQ(cores_of_quota("100000 100000"), 1u);
  EXPECT_EQ(cores_of_quota("1000 100000"), 1u);
  EXPECT_EQ(cores_of_quota("max 100000"), std::nullopt);
  for (const char* broken : {"", "100000", "100000 0", "-1 100000", "a b"}) {
    EXPECT_EQ(cores_of_quota(broken), std::nullopt) << broken;
  }
}

// The mask is of the calling thread, so another one may be held without touching the rest of the tests.
TEST(UsableCores, follows_the_affinity_mask) {
  std::vector<int> all = allowed_cores();
  ASSERT_FALSE(all.empty());
  EXPECT_LE(usable_cores(), all.size());
  std::vector<int> held;
  uint32_t usable = 0;
  std::thread([&] {
    cpu_set_t one;
    CPU_ZERO(&one);
    CPU_SET(all.back(), &one);
    if (sched_setaffinity(0, sizeof one, &one) != 0) return;
    held = allowed_cores();
    usable = usable_cores();
  }).join();
  EXPECT_EQ(held, std::vector<int>{all.back()});
  EXPECT_EQ(usable, 1u);
}

}  // namespace
}  // namespace limen::runtime
