#include "base/packet.hpp"

#include <gtest/gtest.h>

#include <thread>

namespace limen {
namespace {

TEST(PacketPool, a_released_packet_is_used_again) {
  PacketPool pool;
  const uint8_t* first;
  {
    Packet packet = pool.acquire();
    first = packet.data();
  }
  size_t allocated = pool.allocated();
  bool seen = false;
  std::vector<Packet> held;
  for (size_t i = 0; i < allocated; ++i) {
    held.push_back(pool.acquire());
    seen |= held.back().data() == first;
  }
  EXPECT_TRUE(seen);
  EXPECT_EQ(pool.allocated(), allocated);
}

TEST(PacketPool, the_limit_is_kept) {
  PacketPool pool(64);
  std::vector<Packet> held;
  for (int i = 0; i < 64; ++i) held.push_back(pool.acquire());
  EXPECT_FALSE(pool.acquire());
  held.pop_back();
  EXPECT_TRUE(pool.acquire());
}

TEST(PacketPool, an_oversized_copy_is_refused) {
  PacketPool pool;
  std::vector<uint8_t> big(kMaxDatagram + 1);
  EXPECT_FALSE(pool.copy(big, Instant{}));
}

TEST(PacketPool, another_thread_may_drop_the_last_reference) {
  PacketPool pool(64);
  for (int round = 0; round < 50; ++round) {
    std::vector<Packet> held;
    for (int i = 0; i < 64; ++i) {
      held.push_back(pool.acquire());
      ASSERT_TRUE(held.back());
    }
    std::thread reader([moved = std::move(held)]() mutable { moved.clear(); });
    reader.join();
  }
  EXPECT_EQ(pool.free_count(), 64u);
}

}  // namespace
}  // namespace limen
