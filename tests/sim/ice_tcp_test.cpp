// ICE-TCP (RFC 6544): agents that reach each other over TCP connections of a simulated network.
#include <gtest/gtest.h>

#include <fmt/core.h>

#include <algorithm>

#include "rtc/ice/check_list.hpp"
#include "tests/support/ice_rig.hpp"

namespace limen::test {
namespace {

using namespace std::chrono_literals;
using rtc::Candidate;
using rtc::CandidateProtocol;
using rtc::CandidateType;
using rtc::IceState;

IceEndpointConfig with_tcp(bool controlling) {
  return {.controlling = controlling, .tcp = true};
}

bool over_tcp(IceEndpoint& endpoint) {
  const rtc::SelectedPair* pair = endpoint.agent().selected();
  return pair != nullptr && is_tcp(pair->flow.socket);
}

// A browser: it opens connections, but takes none.
void give_active_candidates(IceRig& rig, IceEndpoint& from, IceEndpoint& to) {
  for (Candidate candidate : from.agent().local_candidates()) {
    if (candidate.protocol != CandidateProtocol::tcp_active) continue;
    candidate.address.port = 9;
    to.agent().add_remote_candidate(candidate, rig.clock().now());
  }
  to.agent().remote_candidates_done(rig.clock().now());
}

struct Pair {
  IceRig rig;
  IceEndpoint& a;
  IceEndpoint& b;
  explicit Pair(uint64_t seed, bool udp = false)
      : rig(seed),
        a(rig.add("a", {ip("192.0.2.1")}, with_tcp(true))),
        b(rig.add("b", {ip("192.0.2.2")}, with_tcp(false))) {
    rig.network().set_link(a.host(), {.latency = 10ms});
    rig.network().block_udp(a.host(), !udp);
  }
  bool connect() {
    rig.exchange(a, b);
    return rig.run_until([&] { return a.ready() && b.ready(); }, 15s);
  }
  // `a` is a browser, which opens connections and takes none.
  bool connect_one_way() {
    rig.give_credentials(a, b);
    rig.give_credentials(b, a);
    give_active_candidates(rig, a, b);
    rig.give_candidates(b, a);
    a.agent().start(rig.clock().now());
    return rig.run_until([&] { return a.ready() && b.ready(); }, 15s);
  }
  void expect_data_both_ways() {
    ASSERT_TRUE(a.send_data("from a"));
    ASSERT_TRUE(b.send_data("from b"));
    rig.run_for(3s);
    EXPECT_EQ(b.received().back(), "from a");
    EXPECT_EQ(a.received().back(), "from b");
  }
};

TEST(IceTcp, candidates_say_their_direction_and_rank_below_udp) {
  Pair p(1);
  auto candidates = p.a.agent().local_candidates();
  ASSERT_EQ(candidates.size(), 3u);
  EXPECT_EQ(candidates[0].protocol, CandidateProtocol::udp);
  EXPECT_EQ(candidates[1].protocol, CandidateProtocol::tcp_active);
  EXPECT_EQ(candidates[2].protocol, CandidateProtocol::tcp_passive);
  EXPECT_GT(candidates[0].priority, candidates[1].priority);
  EXPECT_GT(candidates[1].priority, candidates[2].priority);
  EXPECT_LT(candidates[1].priority, rtc::candidate_priority(CandidateType::srflx, 0));
  EXPECT_GT(candidates[2].priority, rtc::candidate_priority(CandidateType::relay, 65535));
  EXPECT_EQ(candidates[2].address.port, candidates[0].address.port);
  EXPECT_NE(candidates[0].foundation, candidates[1].foundation);
  EXPECT_TRUE(write_candidate(candidates[1]).ends_with("192.0.2.1 0 typ host tcptype active"));
  EXPECT_TRUE(write_candidate(candidates[2]).ends_with("typ host tcptype passive"));
}

TEST(IceTcp, connects_where_udp_is_blocked) {
  Pair p(2);
  ASSERT_TRUE(p.connect());
  EXPECT_TRUE(over_tcp(p.a) && over_tcp(p.b));
  p.expect_data_both_ways();
}

TEST(IceTcp, udp_is_preferred_where_both_work) {
  Pair p(3, true);
  ASSERT_TRUE(p.connect());
  EXPECT_FALSE(over_tcp(p.a));
  EXPECT_FALSE(over_tcp(p.b));
}

TEST(IceTcp, connects_under_loss) {
  Pair p(4);
  p.rig.network().set_link(p.a.host(), {.latency = 10ms, .loss = 0.1});
  ASSERT_TRUE(p.connect());
  p.expect_data_both_ways();
  p.rig.run_for(120s);
  EXPECT_TRUE(p.a.ready() && p.b.ready());
}

TEST(IceTcp, a_peer_that_only_opens_connections_is_awaited) {
  Pair p(5);
  p.rig.give_credentials(p.a, p.b);
  p.rig.give_credentials(p.b, p.a);
  give_active_candidates(p.rig, p.a, p.b);
  EXPECT_EQ(p.b.agent().state(), IceState::connecting);
  EXPECT_EQ(p.b.agent().remote_candidates().size(), 1u);
  p.rig.run_for(5s);
  EXPECT_EQ(p.b.tcp_connections(), 0u);
  p.rig.give_candidates(p.b, p.a);
  p.a.agent().start(p.rig.clock().now());
  ASSERT_TRUE(p.rig.run_until([&] { return p.a.ready() && p.b.ready(); }, 15s));
  EXPECT_EQ(p.b.agent().selected()->remote.protocol, CandidateProtocol::tcp_active);
  EXPECT_EQ(p.b.agent().selected()->remote.type, CandidateType::prflx);
  EXPECT_EQ(p.a.agent().selected()->remote.protocol, CandidateProtocol::tcp_passive);
}

TEST(IceTcp, a_lite_agent_takes_connections_and_opens_none) {
  IceRig rig(6);
  IceEndpoint& a = rig.add("a", {ip("192.0.2.1")}, with_tcp(true));
  IceEndpoint& lite = rig.add("lite", {ip("192.0.2.2")}, {.lite = true, .consent = false, .tcp = true});
  rig.network().block_udp(a.host(), true);
  for (const Candidate& candidate : lite.agent().local_candidates()) {
    EXPECT_NE(candidate.protocol, CandidateProtocol::tcp_active);
  }
  rig.exchange(a, lite);
  ASSERT_TRUE(rig.run_until([&] { return a.ready() && lite.ready(); }, 15s));
  EXPECT_TRUE(over_tcp(a) && over_tcp(lite));
  ASSERT_TRUE(lite.send_data("hello"));
  rig.run_for(100ms);
  EXPECT_EQ(a.received().back(), "hello");
}

TEST(IceTcp, behind_a_symmetric_nat_the_inside_opens_the_connection) {
  IceRig rig(7);
  NatId nat = rig.network().add_nat(NatKind::symmetric, {ip("198.51.100.1")});
  IceEndpoint& inside = rig.add("inside", {ip("10.0.0.2")}, with_tcp(false), nat);
  IceEndpoint& server = rig.add("server", {ip("192.0.2.2")}, with_tcp(true));
  rig.network().block_udp(inside.host(), true);
  rig.exchange(inside, server);
  ASSERT_TRUE(rig.run_until([&] { return inside.ready() && server.ready(); }, 20s));
  EXPECT_EQ(server.agent().selected()->remote.address.ip, ip("198.51.100.1"));
  EXPECT_EQ(inside.agent().selected()->local.address.ip, ip("198.51.100.1"));
}

TEST(IceTcp, a_lost_connection_is_opened_again) {
  for (bool by_opener : {true, false}) {
    Pair p(8);
    ASSERT_TRUE(p.connect_one_way());
    IceEndpoint& dropper = by_opener ? p.a : p.b;
    dropper.drop_connection();
    EXPECT_FALSE(dropper.connected());
    ASSERT_TRUE(p.rig.run_until([&] { return p.a.ready() && p.b.ready(); }, 9s)) << by_opener;
    p.expect_data_both_ways();
    for (IceState state : p.b.states()) EXPECT_NE(state, IceState::failed);
  }
}

TEST(IceTcp, another_valid_pair_takes_over_from_a_lost_connection) {
  Pair p(13);
  ASSERT_TRUE(p.connect());  // each side has opened one
  p.a.drop_connection();
  EXPECT_TRUE(p.a.connected());
  p.rig.run_for(1s);
  EXPECT_TRUE(p.a.ready() && p.b.ready());
  p.expect_data_both_ways();
}

TEST(IceTcp, a_connection_that_does_not_come_back_is_a_failure_after_ten_seconds) {
  Pair p(9);
  ASSERT_TRUE(p.connect_one_way());
  p.rig.network().set_cut(p.a.host(), p.b.host(), true);
  p.a.drop_connection();
  p.b.drop_connection();
  EXPECT_EQ(p.a.agent().state(), IceState::connecting);
  p.rig.run_for(9s);
  EXPECT_EQ(p.a.agent().state(), IceState::connecting);
  EXPECT_EQ(p.b.agent().state(), IceState::connecting);
  p.rig.run_for(12s);
  EXPECT_EQ(p.a.agent().state(), IceState::failed);
  EXPECT_EQ(p.b.agent().state(), IceState::failed);
}

TEST(IceTcp, a_restart_leaves_no_gap) {
  Pair p(10);
  ASSERT_TRUE(p.connect());
  p.rig.restart(p.a, p.b);
  ASSERT_TRUE(p.b.send_data("during"));
  p.rig.run_for(50ms);
  EXPECT_EQ(p.a.received().back(), "during");
  ASSERT_TRUE(p.rig.run_until([&] { return p.a.ready() && p.b.ready(); }, 10s));
  p.expect_data_both_ways();
}

TEST(IceTcp, connections_to_foreign_services_are_not_opened) {
  Pair p(11);
  p.rig.give_credentials(p.b, p.a);
  for (uint16_t port : {uint16_t{22}, uint16_t{0}, uint16_t{1023}}) {
    Candidate candidate = *rtc::parse_candidate("1 1 tcp 1000 192.0.2.9 1 typ host tcptype passive");
    candidate.address.port = port;
    p.a.agent().add_remote_candidate(candidate, p.rig.clock().now());
  }
  EXPECT_EQ(p.a.agent().drops()[static_cast<size_t>(rtc::IceDrop::unusable_candidate)], 3u);
  p.rig.run_for(2s);
  EXPECT_EQ(p.a.tcp_connections(), 0u);
}

TEST(IceTcp, a_peer_cannot_make_us_open_connections_without_end) {
  Pair p(12);
  p.rig.give_credentials(p.b, p.a);
  for (int i = 0; i < 60; ++i) {
    auto candidate =
        rtc::parse_candidate(fmt::format("1 1 tcp {} 192.0.2.9 {} typ host tcptype passive", 1000 + i, 2000 + i));
    p.a.agent().add_remote_candidate(*candidate, p.rig.clock().now());
  }
  p.rig.run_for(3s);
  EXPECT_LE(p.a.tcp_connections(), rtc::kMaxTcpPairs);
  EXPECT_GT(p.a.tcp_connections(), 0u);
}

}  // namespace
}  // namespace limen::test
