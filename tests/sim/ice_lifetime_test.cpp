// An IceAgent's connection after it was made: consent, restart, changes of address.
#include <gtest/gtest.h>

#include <algorithm>

#include "tests/support/ice_rig.hpp"

namespace limen::test {
namespace {

using namespace std::chrono_literals;
using rtc::IceState;

struct Connected {
  IceRig rig;
  IceEndpoint& a;
  IceEndpoint& b;

  explicit Connected(uint64_t seed, IceEndpointConfig config = {})
      : rig(seed),
        a(rig.add("a", {ip("192.0.2.1")}, controlling(config, true))),
        b(rig.add("b", {ip("192.0.2.2")}, controlling(config, false))) {
    rig.network().set_link(a.host(), {.latency = 10ms});
    rig.exchange(a, b);
    EXPECT_TRUE(rig.run_until([&] { return a.ready() && b.ready(); }, 5s));
  }
  static IceEndpointConfig controlling(IceEndpointConfig config, bool value) {
    config.controlling = value;
    return config;
  }
};

TEST(IceConsent, lasts_while_the_peer_answers_and_costs_one_check_in_five_seconds) {
  Connected c(31);
  uint64_t before = c.a.datagrams_sent();
  c.rig.run_for(600s);
  EXPECT_TRUE(c.a.ready() && c.b.ready());
  // 120 requests and 120 answers, with the randomness of the interval.
  EXPECT_NEAR(static_cast<double>(c.a.datagrams_sent() - before), 240, 40);
  EXPECT_EQ(c.a.selections().size(), 1u);
}

TEST(IceConsent, survives_loss) {
  Connected c(32);
  c.rig.network().set_link(c.a.host(), {.latency = 10ms, .loss = 0.2});
  c.rig.run_for(300s);
  EXPECT_TRUE(c.a.ready() && c.b.ready());
}

TEST(IceConsent, expires_thirty_seconds_after_the_last_answer) {
  Connected c(33);
  c.rig.run_for(60s);
  c.rig.network().set_cut(c.a.host(), c.b.host(), true);
  Instant cut = c.rig.clock().now();
  ASSERT_TRUE(c.rig.run_until([&] { return c.a.agent().state() == IceState::failed; }, 40s));
  EXPECT_GE(c.rig.clock().now() - cut, 23s);
  EXPECT_LE(c.rig.clock().now() - cut, 31s);
  EXPECT_EQ(c.a.agent().selected(), nullptr);
  EXPECT_FALSE(c.a.send_data("no"));
  c.rig.run_for(20s);
  uint64_t sent = c.a.datagrams_sent();
  c.rig.run_for(60s);
  EXPECT_EQ(c.a.datagrams_sent(), sent);  // silence
}

TEST(IceConsent, without_it_a_silent_peer_is_not_noticed) {
  Connected c(34, {.consent = false});
  c.rig.network().set_cut(c.a.host(), c.b.host(), true);
  c.rig.run_for(300s);
  EXPECT_TRUE(c.a.ready());
}

TEST(IceRestart, keeps_data_flowing_until_the_new_pair_is_selected) {
  Connected c(35);
  SocketAddress before = c.a.agent().selected()->flow.remote;
  c.a.agent().restart(c.rig.make_credentials(), {}, c.rig.clock().now());
  ASSERT_NE(c.a.agent().selected(), nullptr);
  EXPECT_EQ(c.a.agent().selected()->flow.remote, before);
  EXPECT_TRUE(c.a.agent().owns({0, before}));
  // The peer has not heard of it yet: consent goes on with the old credentials, both ways.
  c.rig.run_for(100s);
  EXPECT_NE(c.a.agent().selected(), nullptr);
  EXPECT_TRUE(c.b.ready());
  ASSERT_TRUE(c.b.send_data("during"));
  ASSERT_TRUE(c.a.send_data("during"));
  c.rig.run_for(100ms);
  EXPECT_THAT(c.a.received(), testing::Contains("during"));
  EXPECT_THAT(c.b.received(), testing::Contains("during"));

  rtc::IceCredentials for_b = c.rig.make_credentials();
  c.b.agent().restart(for_b, c.a.agent().local_credentials(), c.rig.clock().now());
  c.rig.give_credentials(c.b, c.a);
  c.rig.give_candidates(c.a, c.b);
  c.rig.give_candidates(c.b, c.a);
  ASSERT_TRUE(c.rig.run_until([&] { return c.a.ready() && c.b.ready(); }, 5s));
  EXPECT_EQ(c.a.selections().size(), 2u);
  EXPECT_EQ(c.a.agent().remote_credentials(), for_b);
}

TEST(IceRestart, under_loss_keeps_the_flow) {
  for (uint64_t seed = 0; seed < 30; ++seed) {
    SCOPED_TRACE(seed);
    Connected c(seed);
    c.rig.network().set_link(c.a.host(), {.latency = 30ms, .jitter = 5ms, .loss = 0.2});
    for (int round = 0; round < 3; ++round) {
      c.rig.restart(c.a, c.b);
      ASSERT_TRUE(c.rig.run_until(
          [&] {
            EXPECT_NE(c.a.agent().selected(), nullptr);
            EXPECT_NE(c.b.agent().selected(), nullptr);
            return c.a.ready() && c.b.ready();
          },
          12s));
    }
  }
}

TEST(IceRestart, moves_to_a_new_network) {
  IceRig rig(36);
  auto& a = rig.add("a", {ip("192.0.2.1")}, {.controlling = true});
  auto& b = rig.add("b", {ip("192.0.2.2"), ip("198.51.100.2")}, {});
  rig.exchange(a, b);
  ASSERT_TRUE(rig.run_until([&] { return a.ready() && b.ready(); }, 5s));
  EXPECT_EQ(b.agent().selected()->flow.socket, 0u);
  rig.network().remove_address(b.host(), ip("192.0.2.2"));
  rig.restart(a, b);
  ASSERT_TRUE(rig.run_until([&] { return a.ready() && b.ready(); }, 10s));
  EXPECT_EQ(b.agent().selected()->flow.socket, 1u);
  EXPECT_EQ(a.agent().selected()->flow.remote, b.address(1));
}

TEST(IceRestart, old_credentials_are_refused_once_the_next_restart_came) {
  Connected c(37);
  rtc::IceCredentials first = c.a.agent().local_credentials();
  EXPECT_TRUE(c.a.agent().accepts_ufrag(first.ufrag));
  c.rig.restart(c.a, c.b);
  ASSERT_TRUE(c.rig.run_until([&] { return c.a.ready() && c.b.ready(); }, 5s));
  EXPECT_TRUE(c.a.agent().accepts_ufrag(first.ufrag));
  c.rig.restart(c.a, c.b);
  ASSERT_TRUE(c.rig.run_until([&] { return c.a.ready() && c.b.ready(); }, 5s));
  EXPECT_FALSE(c.a.agent().accepts_ufrag(first.ufrag));
}

TEST(IceRestart, that_never_succeeds_ends_when_consent_does) {
  Connected c(38);
  c.a.agent().restart(c.rig.make_credentials(), c.rig.make_credentials(), c.rig.clock().now());
  c.rig.give_candidates(c.b, c.a);
  ASSERT_TRUE(c.rig.run_until([&] { return c.a.agent().state() == IceState::failed; }, 30s));
  EXPECT_NE(c.a.agent().selected(), nullptr);  // the old pair still has consent
  c.rig.network().set_cut(c.a.host(), c.b.host(), true);
  ASSERT_TRUE(c.rig.run_until([&] { return c.a.agent().selected() == nullptr; }, 40s));
}

}  // namespace
}  // namespace limen::test
