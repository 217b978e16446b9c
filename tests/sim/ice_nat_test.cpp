// IceAgents behind NATs, with server-reflexive candidates.
#include <gtest/gtest.h>

#include <array>
#include <optional>

#include "rtc/ice/stun_probe.hpp"
#include "tests/support/ice_rig.hpp"
#include "wire/stun/stun_message.hpp"
#include "wire/stun/stun_writer.hpp"

namespace limen::test {
namespace {

using namespace std::chrono_literals;

struct Topology {
  IceRig rig;
  IceEndpoint* a = nullptr;
  IceEndpoint* b = nullptr;
  NatId nat_a, nat_b;

  Topology(uint64_t seed, std::optional<NatKind> kind_a, std::optional<NatKind> kind_b) : rig(seed) {
    rig.add_stun_server(endpoint("198.18.0.1:3478"));
    IceEndpointConfig config;
    config.stun_servers = {endpoint("198.18.0.1:3478")};
    config.controlling = true;
    a = add("a", kind_a, "203.0.113.1", "10.0.1.2", config, nat_a);
    config.controlling = false;
    b = add("b", kind_b, "203.0.113.2", "10.0.2.2", config, nat_b);
  }
  IceEndpoint* add(const char* name, std::optional<NatKind> kind, const char* outside, const char* inside,
                   const IceEndpointConfig& config, NatId& nat) {
    if (kind) nat = rig.network().add_nat(*kind, {ip(outside)});
    IceEndpoint& added = rig.add(name, {ip(kind ? inside : outside)}, config, nat);
    rig.network().set_link(added.host(), {.latency = 10ms});
    return &added;
  }
  bool connect() {
    EXPECT_TRUE(rig.run_until([&] { return a->gathered() && b->gathered(); }, 5s));
    rig.exchange(*a, *b);
    return rig.run_until([&] { return a->ready() && b->ready(); }, 15s);
  }
};

TEST(IceNat, the_matrix_of_kinds_connects_wherever_that_is_possible) {
  using enum NatKind;
  const std::optional<NatKind> kinds[] = {std::nullopt, full_cone, address_restricted, port_restricted, symmetric};
  for (auto kind_a : kinds) {
    for (auto kind_b : kinds) {
      auto strict = [](std::optional<NatKind> kind) { return kind == port_restricted || kind == symmetric; };
      bool impossible = (kind_a == symmetric && strict(kind_b)) || (kind_b == symmetric && strict(kind_a));
      SCOPED_TRACE(testing::Message() << (kind_a ? static_cast<int>(*kind_a) : -1) << " with "
                                      << (kind_b ? static_cast<int>(*kind_b) : -1));
      Topology t(21, kind_a, kind_b);
      EXPECT_EQ(t.connect(), !impossible);
      if (impossible) continue;
      ASSERT_TRUE(t.a->send_data("hello"));
      t.rig.run_for(1s);
      EXPECT_EQ(t.b->received().size(), 1u);
      EXPECT_EQ(t.b->strays(), 0u);
    }
  }
}

TEST(IceNat, reflexive_candidates_name_the_outside_and_the_base) {
  Topology t(22, NatKind::port_restricted, std::nullopt);
  ASSERT_TRUE(t.connect());
  auto candidates = t.a->agent().local_candidates();
  ASSERT_EQ(candidates.size(), 2u);
  EXPECT_EQ(candidates[1].type, rtc::CandidateType::srflx);
  EXPECT_EQ(candidates[1].address.ip, ip("203.0.113.1"));
  EXPECT_EQ(candidates[1].related, t.a->address());
  EXPECT_NE(candidates[0].foundation, candidates[1].foundation);
  EXPECT_EQ(t.b->agent().local_candidates().size(), 1u);  // not behind a NAT: the same as the host's
  EXPECT_EQ(t.a->agent().selected()->local.type, rtc::CandidateType::srflx);
}

TEST(IceNat, neighbours_behind_one_nat_talk_directly) {
  IceRig rig(23);
  NatId nat = rig.network().add_nat(NatKind::symmetric, {ip("203.0.113.1")});
  auto& a = rig.add("a", {ip("10.0.0.2")}, {.controlling = true}, nat);
  auto& b = rig.add("b", {ip("10.0.0.3")}, {}, nat);
  rig.exchange(a, b);
  ASSERT_TRUE(rig.run_until([&] { return a.ready() && b.ready(); }, 5s));
  EXPECT_EQ(a.agent().selected()->flow.remote, b.address());
}

TEST(IceNat, gathering_ends_when_the_stun_server_is_silent) {
  IceRig rig(24);
  auto& a = rig.add("a", {ip("192.0.2.1")}, {.stun_servers = {endpoint("198.18.0.9:3478")}});
  EXPECT_FALSE(a.gathered());
  Instant start = rig.clock().now();
  ASSERT_TRUE(rig.run_until([&] { return a.gathered(); }, 10s));
  EXPECT_LE(rig.clock().now() - start, 4s);
  EXPECT_EQ(a.datagrams_sent(), 4u);
  EXPECT_TRUE(a.agent().gathered_at());
}

TEST(IceNat, gathering_survives_loss) {
  for (uint64_t seed = 0; seed < 20; ++seed) {
    IceRig rig(seed);
    rig.add_stun_server(endpoint("198.18.0.1:3478"));
    NatId nat = rig.network().add_nat(NatKind::full_cone, {ip("203.0.113.1")});
    auto& a = rig.add("a", {ip("10.0.0.2")}, {.stun_servers = {endpoint("198.18.0.1:3478")}}, nat);
    rig.network().set_link(a.host(), {.latency = 20ms, .loss = 0.15});
    ASSERT_TRUE(rig.run_until([&] { return a.gathered(); }, 5s));
    if (seed == 0) {
      EXPECT_EQ(a.agent().local_candidates().size(), 2u);
    }
  }
}

TEST(IceNat, a_rebound_nat_is_followed_by_either_role) {
  for (bool behind_nat_controls : {true, false}) {
    IceRig rig(25);
    NatId nat = rig.network().add_nat(NatKind::port_restricted, {ip("203.0.113.1")});
    auto& client = rig.add("client", {ip("10.0.0.2")}, {.controlling = behind_nat_controls}, nat);
    auto& server = rig.add("server", {ip("192.0.2.1")}, {.controlling = !behind_nat_controls});
    rig.network().set_link(client.host(), {.latency = 10ms});
    rig.exchange(client, server);
    ASSERT_TRUE(rig.run_until([&] { return client.ready() && server.ready(); }, 5s));
    SocketAddress before = server.agent().selected()->flow.remote;
    rig.run_for(20s);
    rig.network().rebind_nat(nat);
    auto moved = [&] {
      const rtc::SelectedPair* pair = server.agent().selected();
      return pair != nullptr && pair->flow.remote != before;
    };
    ASSERT_TRUE(rig.run_until(moved, 29s));
    rig.run_for(60s);
    EXPECT_TRUE(client.ready() && server.ready());
    ASSERT_TRUE(server.send_data("still there"));
    rig.run_for(1s);
    EXPECT_THAT(client.received(), testing::Contains("still there"));
  }
}

TEST(IceNat, keepalives_hold_the_mapping_open) {
  for (bool by_request : {true, false}) {
    IceRig rig(26);
    NatId nat = rig.network().add_nat(NatKind::port_restricted, {ip("203.0.113.1")});
    rig.network().set_nat_lifetime(nat, 25s);
    IceEndpointConfig config{.controlling = true, .consent = false, .keepalive_by_request = by_request};
    auto& client = rig.add("client", {ip("10.0.0.2")}, config, nat);
    config.controlling = false;
    auto& server = rig.add("server", {ip("192.0.2.1")}, config);
    rig.exchange(client, server);
    ASSERT_TRUE(rig.run_until([&] { return client.ready() && server.ready(); }, 5s));
    rig.run_for(600s);
    ASSERT_TRUE(server.send_data("after ten minutes"));
    rig.run_for(1s);
    EXPECT_EQ(client.received().size(), 1u) << by_request;
  }
}

struct ProbeBench {
  VirtualClock clock;
  SeededRandom random{27};
  TxQueue tx;
  const SocketAddress server = endpoint("198.18.0.1:3478");
  const Flow flow{3, server};
  rtc::StunProbe probe{3, server, tx, random, clock.now()};

  // Answers the first request from `from`, with what `fill` adds.
  template <typename Fill>
  void answer(const Flow& from, stun::MessageClass kind, Fill fill) {
    auto request = stun::Message::parse(tx.bytes(tx.slots()[0]));
    ASSERT_TRUE(request && request->is(stun::Method::binding, stun::MessageClass::request));
    std::array<uint8_t, 200> room;
    stun::MessageWriter writer(room, kind, stun::Method::binding, request->transaction_id());
    fill(writer);
    probe.handle(writer.finish(), from, clock.now());
  }
};

TEST(StunProbe, learns_the_public_address_in_one_round_trip) {
  ProbeBench b;
  ASSERT_EQ(b.tx.slots().size(), 1u);
  EXPECT_EQ(b.tx.slots()[0].flow, b.flow);
  b.clock.advance(40ms);
  auto mapped = [](stun::MessageWriter& writer) {
    writer.add_address(stun::AttributeType::xor_mapped_address, endpoint("203.0.113.9:4444"));
  };
  b.answer({3, endpoint("198.18.0.2:3478")}, stun::MessageClass::success, mapped);  // not the server
  EXPECT_FALSE(b.probe.finished());
  b.answer(b.flow, stun::MessageClass::success, mapped);
  ASSERT_TRUE(b.probe.finished());
  EXPECT_EQ(b.probe.mapped(), endpoint("203.0.113.9:4444"));
  EXPECT_EQ(b.probe.elapsed(), 40ms);
  EXPECT_TRUE(b.probe.failure().empty());
  EXPECT_EQ(b.probe.next_deadline(), kNever);
}

TEST(StunProbe, repeats_its_request_and_gives_up_in_time) {
  ProbeBench b;
  while (!b.probe.finished()) {
    ASSERT_NE(b.probe.next_deadline(), kNever);
    b.clock.advance_to(b.probe.next_deadline());
    b.probe.handle_timeout(b.clock.now());
  }
  EXPECT_FALSE(b.probe.mapped());
  EXPECT_EQ(b.probe.failure(), "no answer from the STUN server");
  EXPECT_EQ(b.probe.elapsed(), rtc::StunProbe::kDefaultTimeout);
  EXPECT_GE(b.tx.slots().size(), 4u);
  EXPECT_EQ(b.probe.next_deadline(), kNever);
}

TEST(StunProbe, says_what_is_wrong_with_an_answer) {
  ProbeBench refused;
  refused.answer(refused.flow, stun::MessageClass::error, [](auto& writer) { writer.add_error(500, "Server Error"); });
  EXPECT_EQ(refused.probe.failure(), "error 500 from the STUN server");
  ProbeBench empty;
  empty.answer(empty.flow, stun::MessageClass::success, [](auto&) {});
  EXPECT_EQ(empty.probe.failure(), "the STUN server's answer has no address");
}

}  // namespace
}  // namespace limen::test
