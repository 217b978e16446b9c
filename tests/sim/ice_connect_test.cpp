// Two IceAgents find each other over the simulated network.
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "tests/support/ice_rig.hpp"

namespace limen::test {
namespace {

using namespace std::chrono_literals;
using rtc::IceState;

auto both_ready(IceEndpoint& a, IceEndpoint& b) {
  return [&a, &b] { return a.ready() && b.ready(); };
}

void expect_data_flows(IceRig& rig, IceEndpoint& a, IceEndpoint& b) {
  ASSERT_TRUE(a.send_data("to b"));
  ASSERT_TRUE(b.send_data("to a"));
  rig.run_for(1s);
  EXPECT_THAT(b.received(), testing::Contains("to b"));
  EXPECT_THAT(a.received(), testing::Contains("to a"));
  EXPECT_EQ(a.strays() + b.strays(), 0u);
}

TEST(IceAgent, two_hosts_connect_and_agree_on_the_pair) {
  IceRig rig(1);
  auto& a = rig.add("a", {ip("192.0.2.1")}, {.controlling = true});
  auto& b = rig.add("b", {ip("192.0.2.2")}, {});
  EXPECT_TRUE(a.gathered());
  rig.exchange(a, b);
  ASSERT_TRUE(rig.run_until(both_ready(a, b), 5s));
  EXPECT_EQ(a.agent().selected()->flow.remote, b.address());
  EXPECT_EQ(b.agent().selected()->flow.remote, a.address());
  EXPECT_EQ(a.agent().selected()->local.address, a.address());
  EXPECT_EQ(a.agent().selected()->remote.type, rtc::CandidateType::host);
  using States = std::vector<IceState>;
  EXPECT_EQ(a.states(), (States{IceState::gathering, IceState::connecting, IceState::connected, IceState::ready}));
  EXPECT_TRUE(a.agent().controlling());
  EXPECT_FALSE(b.agent().controlling());
  expect_data_flows(rig, a, b);
}

TEST(IceAgent, connects_within_one_round_trip_of_virtual_time) {
  IceRig rig(2);
  auto& a = rig.add("a", {ip("192.0.2.1")}, {.controlling = true});
  auto& b = rig.add("b", {ip("192.0.2.2")}, {});
  rig.network().set_link(a.host(), {.latency = 1ms});
  Instant start = rig.clock().now();
  rig.exchange(a, b);
  ASSERT_TRUE(rig.run_until([&] { return a.connected() && b.connected(); }, 1s));
  EXPECT_LE(rig.clock().now() - start, 5ms);
  ASSERT_TRUE(rig.run_until(both_ready(a, b), 1s));
  EXPECT_LE(rig.clock().now() - start, 10ms);
}

TEST(IceAgent, connects_under_loss) {
  for (double loss : {0.1, 0.2, 0.3}) {
    for (uint64_t seed = 0; seed < 40; ++seed) {
      SCOPED_TRACE(testing::Message() << "loss " << loss << " seed " << seed);
      IceRig rig(seed);
      auto& a = rig.add("a", {ip("192.0.2.1")}, {.controlling = true});
      auto& b = rig.add("b", {ip("192.0.2.2")}, {});
      LinkProfile lossy{.latency = 25ms, .jitter = 10ms, .loss = loss, .duplicate = 0.05, .reorder = 0.1};
      rig.network().set_link(a.host(), lossy, {});
      rig.network().set_link(b.host(), lossy, {});
      rig.exchange(a, b);
      ASSERT_TRUE(rig.run_until(both_ready(a, b), 12s));
    }
  }
}

TEST(IceAgent, connects_through_bursts_of_loss) {
  for (uint64_t seed = 0; seed < 20; ++seed) {
    IceRig rig(seed);
    auto& a = rig.add("a", {ip("192.0.2.1")}, {.controlling = true});
    auto& b = rig.add("b", {ip("192.0.2.2")}, {});
    rig.network().set_link(a.host(), {.latency = 20ms, .burst = {.to_bad = 0.1, .to_good = 0.5}});
    rig.exchange(a, b);
    ASSERT_TRUE(rig.run_until(both_ready(a, b), 12s)) << seed;
  }
}

TEST(IceAgent, prefers_the_better_of_two_working_pairs) {
  IceRig rig(3);
  auto& a = rig.add("a", {ip("192.0.2.1"), ip("198.51.100.1")}, {.controlling = true});
  auto& b = rig.add("b", {ip("192.0.2.2")}, {});
  rig.exchange(a, b);
  ASSERT_TRUE(rig.run_until(both_ready(a, b), 5s));
  EXPECT_EQ(a.agent().selected()->flow.socket, 0u);
  EXPECT_EQ(b.agent().selected()->flow.remote, a.address(0));
}

TEST(IceAgent, is_not_delayed_by_candidates_that_lead_nowhere) {
  IceRig rig(4);
  auto& a = rig.add("a", {ip("192.0.2.1")}, {.controlling = true});
  auto& b = rig.add("b", {ip("192.0.2.2")}, {});
  for (int i = 0; i < 20; ++i) {
    rtc::Candidate dead;
    dead.foundation = "dead";
    dead.priority = 0x7fffff00u - static_cast<uint32_t>(i);
    dead.address = {IpAddress::v4(0x0a000000u + static_cast<uint32_t>(i)), 5000};
    a.agent().add_remote_candidate(dead, rig.clock().now());
  }
  Instant start = rig.clock().now();
  rig.exchange(a, b);
  ASSERT_TRUE(rig.run_until(both_ready(a, b), 5s));
  EXPECT_LE(rig.clock().now() - start, 350ms);
}

TEST(IceAgent, ipv6_is_used_when_allowed) {
  IceRig rig(5);
  auto& a = rig.add("a", {ip("2001:db8::1")}, {.controlling = true});
  auto& b = rig.add("b", {ip("2001:db8::2"), ip("192.0.2.2")}, {});
  rig.exchange(a, b);
  ASSERT_TRUE(rig.run_until(both_ready(a, b), 5s));
  EXPECT_EQ(a.agent().selected()->flow.remote, b.address(0));
  expect_data_flows(rig, a, b);

  auto& c = rig.add("c", {ip("2001:db8::3")}, {.controlling = true, .ipv6 = false});
  EXPECT_TRUE(c.agent().local_candidates().empty());
}

TEST(IceAgent, aggressive_nomination_works_from_either_side) {
  for (bool ours : {true, false}) {
    IceRig rig(6);
    auto& a = rig.add("a", {ip("192.0.2.1"), ip("198.51.100.1")}, {.controlling = ours, .aggressive = true});
    auto& b = rig.add("b", {ip("192.0.2.2"), ip("198.51.100.2")}, {.controlling = !ours, .aggressive = true});
    rig.network().set_link(a.host(), {.latency = 10ms, .loss = 0.1}, {.latency = 10ms, .loss = 0.1});
    rig.exchange(a, b);
    ASSERT_TRUE(rig.run_until(both_ready(a, b), 10s));
    rig.run_for(5s);
    EXPECT_EQ(a.agent().selected()->flow.remote, b.address(b.agent().selected()->flow.socket));
    EXPECT_EQ(b.agent().selected()->flow.remote, a.address(a.agent().selected()->flow.socket));
    rig.network().set_link(a.host(), {});
    expect_data_flows(rig, a, b);
  }
}

// Whoever watches the states (event handlers do) is told of a working pair also where it was nominated first.
TEST(IceAgent, is_connected_before_it_is_ready) {
  using States = std::vector<IceState>;
  const States kAll{IceState::gathering, IceState::connecting, IceState::connected, IceState::ready};
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    IceRig rig(seed);
    auto& a = rig.add("a", {ip("192.0.2.1")}, {.controlling = true, .aggressive = true});
    auto& b = rig.add("b", {ip("192.0.2.2")}, {.aggressive = true});
    rig.network().set_link(a.host(), {.latency = 10ms, .loss = 0.2}, {.latency = 10ms, .loss = 0.2});
    rig.exchange(a, b);
    ASSERT_TRUE(rig.run_until(both_ready(a, b), 10s));
    EXPECT_EQ(a.states(), kAll) << seed;
    EXPECT_EQ(b.states(), kAll) << seed;
  }
}

TEST(IceAgent, role_conflicts_are_settled_by_the_tie_breaker) {
  for (bool role : {true, false}) {
    for (bool a_is_greater : {true, false}) {
      IceRig rig(7);
      auto& a = rig.add("a", {ip("192.0.2.1")}, {.controlling = role, .tie_breaker = a_is_greater ? 9u : 3u});
      auto& b = rig.add("b", {ip("192.0.2.2")}, {.controlling = role, .tie_breaker = a_is_greater ? 3u : 9u});
      rig.network().set_link(a.host(), {.latency = 10ms});
      rig.exchange(a, b);
      ASSERT_TRUE(rig.run_until(both_ready(a, b), 5s));
      EXPECT_EQ(a.agent().controlling(), a_is_greater);
      EXPECT_EQ(b.agent().controlling(), !a_is_greater);
    }
  }
}

TEST(IceAgent, a_lite_agent_answers_and_never_asks) {
  IceRig rig(8);
  auto& lite = rig.add("lite", {ip("192.0.2.1")}, {.controlling = true, .lite = true});
  auto& full = rig.add("full", {ip("192.0.2.2")}, {});
  EXPECT_FALSE(lite.agent().controlling());
  bool lite_asked = false;
  rig.network().set_tap([&](const SimDatagram& datagram) {
    // A STUN request starts 0x0001.
    bool request = datagram.bytes.size() >= 2 && datagram.bytes[0] == 0 && datagram.bytes[1] == 1;
    if (datagram.from == lite.address() && request) lite_asked = true;
  });
  full.agent().set_remote_credentials(lite.agent().local_credentials(), true, rig.clock().now());
  EXPECT_TRUE(full.agent().controlling());
  rig.give_credentials(full, lite);
  rig.give_candidates(full, lite);
  rig.give_candidates(lite, full);
  ASSERT_TRUE(rig.run_until(both_ready(lite, full), 5s));
  rig.run_for(60s);
  EXPECT_FALSE(lite_asked);
  EXPECT_TRUE(lite.ready() && full.ready());
  expect_data_flows(rig, lite, full);
}

TEST(IceAgent, late_trickled_candidates_connect) {
  IceRig rig(9);
  auto& a = rig.add("a", {ip("192.0.2.1")}, {.controlling = true});
  auto& b = rig.add("b", {ip("192.0.2.2")}, {});
  rig.give_credentials(a, b);
  rig.give_credentials(b, a);
  a.agent().start(rig.clock().now());
  b.agent().start(rig.clock().now());
  rig.run_for(20s);
  EXPECT_EQ(a.agent().state(), IceState::connecting);
  rig.give_candidates(b, a);
  ASSERT_TRUE(rig.run_until(both_ready(a, b), 2s));
}

TEST(IceAgent, one_sided_candidates_are_enough) {
  IceRig rig(10);
  auto& a = rig.add("a", {ip("192.0.2.1")}, {.controlling = true});
  auto& b = rig.add("b", {ip("192.0.2.2")}, {});
  rig.give_credentials(a, b);
  rig.give_credentials(b, a);
  rig.give_candidates(a, b);
  ASSERT_TRUE(rig.run_until(both_ready(a, b), 5s));
  EXPECT_EQ(a.agent().selected()->remote.type, rtc::CandidateType::prflx);
  rig.give_candidates(b, a);  // now signalled after all
  ASSERT_EQ(a.agent().remote_candidates().size(), 1u);
  EXPECT_EQ(a.agent().remote_candidates()[0].type, rtc::CandidateType::host);
}

TEST(IceAgent, checks_that_come_before_the_answer_count) {
  IceRig rig(11);
  auto& offerer = rig.add("offerer", {ip("192.0.2.1")}, {.controlling = true});
  auto& answerer = rig.add("answerer", {ip("192.0.2.2")}, {});
  rig.give_credentials(offerer, answerer);
  rig.give_candidates(offerer, answerer);
  rig.run_for(100ms);
  EXPECT_FALSE(offerer.connected());
  EXPECT_TRUE(offerer.agent().owns({0, answerer.address()}));
  Instant answered = rig.clock().now();
  rig.give_credentials(answerer, offerer);
  ASSERT_TRUE(rig.run_until(both_ready(offerer, answerer), 1s));
  EXPECT_LE(rig.clock().now() - answered, 50ms);
}

TEST(IceAgent, advertised_addresses_replace_the_private_one) {
  IceRig rig(12);
  // A 1:1 NAT in front of the server: the public address is carried by the same host here.
  auto& server = rig.add("server", {ip("10.0.0.5")}, {.advertised = {endpoint("203.0.113.5:40000")}});
  auto candidates = server.agent().local_candidates();
  ASSERT_EQ(candidates.size(), 1u);
  EXPECT_EQ(candidates[0].address, endpoint("203.0.113.5:40000"));
  EXPECT_EQ(candidates[0].type, rtc::CandidateType::host);
}

TEST(IceAgent, fails_when_nothing_answers_and_recovers_with_new_hope) {
  IceRig rig(13);
  auto& a = rig.add("a", {ip("192.0.2.1")}, {.controlling = true});
  auto& b = rig.add("b", {ip("192.0.2.2")}, {});
  rig.network().set_cut(a.host(), b.host(), true);
  rig.exchange(a, b);
  ASSERT_TRUE(rig.run_until([&] { return a.agent().state() == IceState::failed; }, 15s));
  EXPECT_TRUE(a.agent().failed_at());
  ASSERT_TRUE(rig.run_until([&] { return b.agent().state() == IceState::failed; }, 15s));
  EXPECT_EQ(a.agent().next_deadline(), kNever);
  rig.network().set_cut(a.host(), b.host(), false);
  rtc::Candidate again;
  again.foundation = "7";
  again.priority = 1;
  again.address = endpoint("192.0.2.99:7");
  a.agent().add_remote_candidate(again, rig.clock().now());
  EXPECT_EQ(a.agent().state(), IceState::connecting);
  EXPECT_FALSE(a.agent().failed_at());
}

TEST(IceAgent, fails_when_the_peer_has_no_candidates_at_all) {
  IceRig rig(14);
  auto& a = rig.add("a", {ip("192.0.2.1")}, {.controlling = true});
  a.agent().set_remote_credentials(rig.make_credentials(), false, rig.clock().now());
  a.agent().start(rig.clock().now());
  rig.run_for(30s);
  EXPECT_EQ(a.agent().state(), IceState::connecting);
  a.agent().remote_candidates_done(rig.clock().now());
  EXPECT_EQ(a.agent().state(), IceState::failed);
}

}  // namespace
}  // namespace limen::test
