// What a media loop's host does of itself; with peers it is tested by MediaPlane's tests.
#include "core/media/media_host.hpp"

#include <gtest/gtest.h>

#include "media/fanout/load_shedding.hpp"
#include "tests/support/seeded_random.hpp"
#include "tests/support/sim_executor.hpp"

namespace limen::core {
namespace {

TEST(MediaHost, a_turn_with_much_to_forward_is_sent_in_parts_between_flows) {
  test::VirtualClock clock;
  test::SimScheduler world(clock, 1);
  test::SeededRandom random(2);
  TxQueue tx;
  PacketPool packets;
  int flushes = 0;
  MediaShardEnv env{world.add_executor("shard"), tx, packets, random, {}};
  env.flush = [&flushes] { ++flushes; };
  MediaHost host(0, 1, std::move(env), {});
  const Flow one{0, {IpAddress::v4(0x7f000001), 7001}}, two{0, {IpAddress::v4(0x7f000001), 7002}};
  auto datagram = [&](const Flow& from) {
    const std::array<uint8_t, 4> noise{1, 2, 3, 4};
    host.on_datagram(from, packets.copy(noise, clock.now()), clock.now());
  };
  datagram(one);
  host.local<media::ShardLoad>().copies = 199;
  datagram(two);
  EXPECT_EQ(flushes, 0) << "little to do: one sending for all";
  host.local<media::ShardLoad>().copies = 4000;
  datagram(two);
  EXPECT_EQ(flushes, 0) << "a flow's packets stay together";
  datagram(one);
  EXPECT_EQ(flushes, 1);
}

}  // namespace
}  // namespace limen::core
