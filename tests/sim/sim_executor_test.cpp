// The simulated threads: order, timers, background work, repeatability.
#include <gtest/gtest.h>

#include <functional>
#include <set>
#include <string>
#include <vector>

#include "tests/support/sim_executor.hpp"

namespace limen::test {
namespace {

using namespace std::chrono_literals;

TEST(SimExecutor, closures_of_one_sender_run_in_order_whatever_the_seed) {
  for (uint64_t seed = 0; seed < 50; ++seed) {
    VirtualClock clock;
    SimScheduler world(clock, seed);
    SimExecutor& control = world.add_executor("control");
    SimExecutor& first = world.add_executor("shard 0");
    SimExecutor& second = world.add_executor("shard 1");
    std::vector<int> from_first, from_second;
    first.post([&] {
      for (int i = 0; i < 10; ++i) control.post([&, i] { from_first.push_back(i); });
    });
    second.post([&] {
      for (int i = 0; i < 10; ++i) control.post([&, i] { from_second.push_back(i); });
    });
    world.run_ready();
    EXPECT_EQ(from_first, (std::vector<int>{0, 1, 2, 3, 4, 5, 6, 7, 8, 9}));
    EXPECT_EQ(from_second, from_first);
  }
}

std::string interleaving(uint64_t seed) {
  VirtualClock clock;
  SimScheduler world(clock, seed);
  SimExecutor& control = world.add_executor("control");
  std::string order;
  for (char name : {'a', 'b', 'c'}) {
    SimExecutor& shard = world.add_executor(std::string(1, name));
    for (int i = 0; i < 5; ++i) {
      shard.post([&, name] { control.post([&, name] { order.push_back(name); }); });
    }
  }
  world.run_ready();
  return order;
}

TEST(SimExecutor, seeds_explore_interleavings_and_repeat_them) {
  std::set<std::string> seen;
  for (uint64_t seed = 0; seed < 20; ++seed) {
    EXPECT_EQ(interleaving(seed), interleaving(seed));
    seen.insert(interleaving(seed));
  }
  EXPECT_GT(seen.size(), 10u);
}

TEST(SimExecutor, timers_fire_at_their_time_unless_cancelled) {
  VirtualClock clock;
  SimScheduler world(clock, 1);
  SimExecutor& control = world.add_executor("control");
  std::vector<int> fired;
  Instant start = clock.now();
  control.call_after(30ms, [&] { fired.push_back(3); });
  control.call_after(10ms, [&] {
    fired.push_back(1);
    EXPECT_EQ(control.now() - start, 10ms);
  });
  TimerId cancelled = control.call_after(20ms, [&] { fired.push_back(2); });
  control.cancel(cancelled);
  control.cancel(cancelled);
  world.run_ready();
  EXPECT_TRUE(fired.empty());
  EXPECT_TRUE(world.run_until_idle(1s));
  EXPECT_EQ(fired, (std::vector<int>{1, 3}));
  EXPECT_EQ(clock.now() - start, 30ms);
}

TEST(SimExecutor, running_until_a_state_is_bounded) {
  VirtualClock clock;
  SimScheduler world(clock, 1);
  SimExecutor& control = world.add_executor("control");
  int ticks = 0;
  std::function<void()> tick = [&] {
    ++ticks;
    control.call_after(1s, tick);
  };
  control.post(tick);
  EXPECT_TRUE(world.run_until([&] { return ticks == 5; }, 10s));
  Instant before = clock.now();
  EXPECT_FALSE(world.run_until([&] { return ticks == 1000; }, 10s));
  EXPECT_EQ(clock.now() - before, 10s);
  EXPECT_FALSE(world.run_until_idle(3s));
}

TEST(SimExecutor, background_work_comes_back_as_a_post) {
  VirtualClock clock;
  SimScheduler world(clock, 1);
  SimExecutor& control = world.add_executor("control");
  std::string order;
  control.post([&] {
    world.background().run([&] { order += "work "; }, control, [&] { order += "done"; });
    order += "asked ";
  });
  EXPECT_TRUE(world.run_until_idle(1s));
  EXPECT_EQ(order, "asked work done");
}

TEST(SimExecutor, network_deliveries_take_part_in_time) {
  VirtualClock clock;
  SimScheduler world(clock, 1);
  SimExecutor& shard = world.add_executor("shard");
  SimNetwork net(clock, 1);
  world.attach(net);
  HostId a = net.add_host("a", {ip("192.0.2.1")});
  HostId b = net.add_host("b", {ip("192.0.2.2")});
  net.set_link(a, {.latency = 10ms});
  Instant arrived{};
  SimSocketId from = net.bind(a, endpoint("192.0.2.1:1"), [](const SimDatagram&) {});
  net.bind(b, endpoint("192.0.2.2:1"), [&](const SimDatagram&) { shard.post([&] { arrived = shard.now(); }); });
  const uint8_t byte[1] = {1};
  Instant start = clock.now();
  net.send(from, endpoint("192.0.2.2:1"), byte);
  EXPECT_TRUE(world.run_until_idle(1s));
  EXPECT_EQ(arrived - start, 10ms);
}

}  // namespace
}  // namespace limen::test
