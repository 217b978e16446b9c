// The simulated network itself: tests rely on what it promises.
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "tests/support/sim_network.hpp"

namespace limen::test {
namespace {

using namespace std::chrono_literals;

struct Pair {
  VirtualClock clock;
  SimNetwork net;
  HostId a, b;
  std::vector<SimDatagram> at_a, at_b;
  std::vector<Instant> times;
  SimSocketId from_a, from_b;

  explicit Pair(uint64_t seed = 1) : net(clock, seed) {
    a = net.add_host("a", {ip("192.0.2.1")});
    b = net.add_host("b", {ip("192.0.2.2")});
    from_a = net.bind(a, endpoint("192.0.2.1:1000"), [this](const SimDatagram& d) { at_a.push_back(d); });
    from_b = net.bind(b, endpoint("192.0.2.2:2000"), [this](const SimDatagram& d) {
      at_b.push_back(d);
      times.push_back(clock.now());
    });
  }
  void send(uint32_t number, size_t size = 4) {
    std::vector<uint8_t> bytes(size);
    store_u32(bytes.data(), number);
    net.send(from_a, endpoint("192.0.2.2:2000"), bytes);
  }
  void drain() {
    while (net.next_event() != kNever) {
      clock.advance_to(net.next_event());
      net.deliver_due();
    }
  }
  std::vector<uint32_t> numbers() const {
    std::vector<uint32_t> out;
    for (const SimDatagram& d : at_b) out.push_back(load_u32(d.bytes.data()));
    return out;
  }
};

TEST(SimNetwork, carries_datagrams_after_the_latency_and_only_then) {
  Pair p;
  p.net.set_link(p.a, {.latency = 10ms});
  p.net.set_link(p.b, {.latency = 5ms});
  Instant start = p.clock.now();
  p.send(7);
  EXPECT_EQ(p.net.deliver_due(), 0u);
  p.drain();
  ASSERT_EQ(p.at_b.size(), 1u);
  EXPECT_EQ(p.at_b[0].from, endpoint("192.0.2.1:1000"));
  EXPECT_EQ(p.times[0] - start, 15ms);
}

TEST(SimNetwork, loss_is_as_frequent_as_asked) {
  Pair p;
  p.net.set_link(p.a, {.loss = 0.25}, {});
  for (uint32_t i = 0; i < 20000; ++i) p.send(i);
  p.drain();
  EXPECT_NEAR(static_cast<double>(p.at_b.size()), 15000, 300);
  EXPECT_EQ(p.net.stats().lost + p.net.stats().delivered, 20000u);
}

TEST(SimNetwork, bursts_lose_neighbours) {
  Pair p;
  p.net.set_link(p.a, {.burst = {.to_bad = 0.02, .to_good = 0.2}}, {});
  for (uint32_t i = 0; i < 50000; ++i) p.send(i);
  p.drain();
  uint64_t runs = 0;
  uint32_t expected = 0;
  for (uint32_t number : p.numbers()) {
    if (number != expected) ++runs;
    expected = number + 1;
  }
  double mean = static_cast<double>(p.net.stats().lost) / static_cast<double>(runs);
  EXPECT_NEAR(mean, 5.0, 0.6);  // 1 / to_good
}

TEST(SimNetwork, jitter_keeps_the_order_and_reordering_does_not) {
  Pair p;
  p.net.set_link(p.a, {.latency = 10ms, .jitter = 30ms}, {});
  for (uint32_t i = 0; i < 500; ++i) p.send(i);
  p.drain();
  auto in_order = p.numbers();
  EXPECT_TRUE(std::is_sorted(in_order.begin(), in_order.end()));

  p.net.set_link(p.a, {.latency = 10ms, .reorder = 0.1}, {});
  p.at_b.clear();
  for (uint32_t i = 0; i < 500; ++i) p.send(i);
  p.drain();
  auto shuffled = p.numbers();
  EXPECT_EQ(shuffled.size(), 500u);
  EXPECT_FALSE(std::is_sorted(shuffled.begin(), shuffled.end()));
}

TEST(SimNetwork, duplicates_arrive_twice) {
  Pair p;
  p.net.set_link(p.a, {.duplicate = 1}, {});
  p.send(5);
  p.drain();
  EXPECT_EQ(p.numbers(), (std::vector<uint32_t>{5, 5}));
}

TEST(SimNetwork, a_rate_limit_spaces_packets_and_overflows_its_queue) {
  Pair p;
  // 1000 bytes of IP packet take 8 ms.
  p.net.set_link(p.a, {.bits_per_second = 1'000'000, .queue_bytes = 5000}, {});
  Instant start = p.clock.now();
  for (uint32_t i = 0; i < 20; ++i) p.send(i, 1000 - 28);
  p.drain();
  ASSERT_EQ(p.at_b.size(), 6u);
  EXPECT_EQ(p.times[0] - start, 8ms);
  EXPECT_EQ(p.times[5] - start, 48ms);
  EXPECT_EQ(p.net.stats().queue_full, 14u);
}

TEST(SimNetwork, what_exceeds_the_mtu_is_dropped) {
  Pair p;
  p.net.set_link(p.a, {.mtu = 1280}, {});
  p.send(1, 1280 - 28);
  p.send(2, 1280 - 27);
  p.drain();
  EXPECT_EQ(p.numbers(), std::vector<uint32_t>{1});
  EXPECT_EQ(p.net.stats().too_big, 1u);
}

TEST(SimNetwork, a_cut_is_silent_in_both_directions_until_it_is_mended) {
  Pair p;
  p.net.set_cut(p.b, p.a, true);
  p.send(1);
  p.drain();
  p.net.set_cut(p.a, p.b, false);
  p.send(2);
  p.drain();
  EXPECT_EQ(p.numbers(), std::vector<uint32_t>{2});
}

TEST(SimNetwork, the_same_seed_gives_the_same_run) {
  auto run = [](uint64_t seed) {
    Pair p(seed);
    p.net.set_link(p.a, {.latency = 5ms, .jitter = 20ms, .loss = 0.3, .duplicate = 0.1, .reorder = 0.2}, {});
    for (uint32_t i = 0; i < 300; ++i) p.send(i);
    p.drain();
    return std::pair(p.numbers(), p.times);
  };
  EXPECT_EQ(run(3), run(3));
  EXPECT_NE(run(3), run(4));
}

// What gets in through each kind of NAT after the inside has sent to `server`.
TEST(SimNetwork, nats_filter_and_map_by_kind) {
  struct Case {
    NatKind kind;
    bool other_port, other_host, same_mapping;
  };
  for (const Case& c :
       {Case{NatKind::full_cone, true, true, true}, Case{NatKind::address_restricted, true, false, true},
        Case{NatKind::port_restricted, false, false, true}, Case{NatKind::symmetric, false, false, false}}) {
    SCOPED_TRACE(static_cast<int>(c.kind));
    VirtualClock clock;
    SimNetwork net(clock, 1);
    NatId nat = net.add_nat(c.kind, {ip("203.0.113.1")});
    HostId inside = net.add_host("inside", {ip("10.0.0.2")}, nat);
    HostId server = net.add_host("server", {ip("192.0.2.1")});
    HostId stranger = net.add_host("stranger", {ip("192.0.2.9")});
    size_t got = 0;
    std::vector<SocketAddress> seen;
    auto see = [&](const SimDatagram& d) { seen.push_back(d.from); };
    auto drain = [&] {
      while (net.next_event() != kNever) {
        clock.advance_to(net.next_event());
        net.deliver_due();
      }
    };
    SimSocketId in = net.bind(inside, endpoint("10.0.0.2:5000"), [&](const SimDatagram&) { ++got; });
    SimSocketId one = net.bind(server, endpoint("192.0.2.1:1"), see);
    SimSocketId two = net.bind(server, endpoint("192.0.2.1:2"), see);
    SimSocketId other = net.bind(stranger, endpoint("192.0.2.9:1"), see);
    const uint8_t byte[1] = {1};

    net.send(one, {ip("203.0.113.1"), 20000}, byte);
    drain();
    EXPECT_EQ(got, 0u);  // nothing is open yet
    net.send(in, endpoint("192.0.2.1:1"), byte);
    drain();
    ASSERT_EQ(seen.size(), 1u);
    EXPECT_EQ(seen[0].ip, ip("203.0.113.1"));
    auto reaches = [&](SimSocketId from) {
      size_t before = got;
      net.send(from, seen[0], byte);
      drain();
      return got != before;
    };
    EXPECT_TRUE(reaches(one));
    EXPECT_EQ(reaches(two), c.other_port);
    EXPECT_EQ(reaches(other), c.other_host);
    net.send(in, endpoint("192.0.2.1:2"), byte);
    drain();
    ASSERT_EQ(seen.size(), 2u);
    EXPECT_EQ(seen[0] == seen[1], c.same_mapping);

    net.rebind_nat(nat);
    EXPECT_FALSE(reaches(one));
    net.send(in, seen[1], byte);  // its own outside: no hairpin
    drain();
    EXPECT_FALSE(reaches(two));
  }
}

TEST(SimNetwork, unused_nat_mappings_expire) {
  Pair p;
  NatId nat = p.net.add_nat(NatKind::full_cone, {ip("203.0.113.1")});
  p.net.set_nat_lifetime(nat, 30s);
  HostId inside = p.net.add_host("inside", {ip("10.0.0.2")}, nat);
  size_t got = 0;
  SimSocketId in = p.net.bind(inside, endpoint("10.0.0.2:5000"), [&](const SimDatagram&) { ++got; });
  const uint8_t byte[1] = {1};
  p.net.send(in, endpoint("192.0.2.2:2000"), std::vector<uint8_t>(4));
  p.drain();
  SocketAddress outside = p.at_b.at(0).from;
  p.clock.advance(29s);
  p.net.send(p.from_b, outside, byte);
  p.drain();
  EXPECT_EQ(got, 1u);
  p.clock.advance(2s);  // incoming traffic does not refresh
  p.net.send(p.from_b, outside, byte);
  p.drain();
  EXPECT_EQ(got, 1u);
}

}  // namespace
}  // namespace limen::test
