// IceAgents with relayed candidates: a TurnClient and a simulated TURN server between them, on virtual time.
#include <gtest/gtest.h>

#include <optional>

#include "tests/support/ice_rig.hpp"
#include "tests/support/sim_turn_server.hpp"

namespace limen::test {
namespace {

using namespace std::chrono_literals;

constexpr const char* kServer = "198.18.0.2:3478";

template <typename Event>
const Event* find(const std::vector<rtc::TurnEvent>& events) {
  for (const rtc::TurnEvent& event : events) {
    if (auto* found = std::get_if<Event>(&event)) return found;
  }
  return nullptr;
}

// A server with a relay and a client without, each behind its NAT.
struct Relayed {
  IceRig rig;
  SimTurnServer turn;
  IceEndpoint* a = nullptr;
  IceEndpoint* b = nullptr;

  explicit Relayed(uint64_t seed, SimTurnOptions options = {}, IceEndpointConfig config = {},
                   std::optional<NatKind> kind = NatKind::symmetric, double loss = 0)
      : rig(seed), turn(rig.network(), rig.clock(), endpoint(kServer), options) {
    config.controlling = true;
    config.turn_server = endpoint(kServer);
    a = add("a", "203.0.113.1", "10.0.1.2", config, kind, loss);
    // b names its outside: permissions are for addresses, and the relay knows it from there only.
    IceEndpointConfig plain;
    plain.stun_servers = {endpoint(kServer)};
    b = add("b", "203.0.113.2", "10.0.2.2", plain, kind, loss);
  }
  IceEndpoint* add(const char* name, const char* outside, const char* inside, const IceEndpointConfig& config,
                   std::optional<NatKind> kind, double loss) {
    NatId nat;
    if (kind) nat = rig.network().add_nat(*kind, {ip(outside)});
    IceEndpoint& added = rig.add(name, {ip(kind ? inside : outside)}, config, nat);
    rig.network().set_link(added.host(), {.latency = 10ms, .loss = loss});
    return &added;
  }
  bool gather() {
    return rig.run_until([&] { return a->gathered() && b->gathered(); }, 6s);
  }
  bool connect() {
    if (!gather()) return false;
    rig.exchange(*a, *b);
    return rig.run_until([&] { return a->ready() && b->ready(); }, 15s);
  }
  // Both ways; true if everything arrived.
  bool talk(int count = 5) {
    size_t at_a = a->received().size();
    size_t at_b = b->received().size();
    for (int i = 0; i < count; ++i) {
      a->send_data("to b");
      b->send_data("to a");
      rig.run_for(100ms);
    }
    auto wanted = static_cast<size_t>(count);
    return a->received().size() == at_a + wanted && b->received().size() == at_b + wanted;
  }
};

TEST(IceRelay, connects_where_nothing_else_does) {
  Relayed t(1);
  ASSERT_TRUE(t.connect());
  EXPECT_TRUE(t.a->relayed());
  EXPECT_EQ(t.b->agent().selected()->remote.type, rtc::CandidateType::relay);
  EXPECT_EQ(t.b->agent().selected()->flow.remote.ip, ip("198.18.0.2"));
  EXPECT_TRUE(t.talk());
  EXPECT_EQ(t.a->strays() + t.b->strays(), 0u);
}

TEST(IceRelay, the_candidate_names_the_relay_and_how_the_server_sees_us) {
  Relayed t(2);
  ASSERT_TRUE(t.gather());
  auto candidates = t.a->agent().local_candidates();
  ASSERT_EQ(candidates.size(), 2u);
  EXPECT_EQ(candidates[1].type, rtc::CandidateType::relay);
  EXPECT_EQ(candidates[1].address.ip, ip("198.18.0.2"));
  ASSERT_TRUE(candidates[1].related);
  EXPECT_EQ(candidates[1].related->ip, ip("203.0.113.1"));
  EXPECT_LT(candidates[1].priority, candidates[0].priority);
  EXPECT_NE(candidates[1].foundation, candidates[0].foundation);
}

TEST(IceRelay, a_direct_way_is_preferred) {
  Relayed t(3, {}, {}, std::nullopt);
  ASSERT_TRUE(t.connect());
  EXPECT_FALSE(t.a->relayed());
  EXPECT_TRUE(t.talk());
}

TEST(IceRelay, relay_only_takes_no_direct_way) {
  IceEndpointConfig config;
  config.relay_only = true;
  Relayed t(4, {}, config, std::nullopt);
  ASSERT_TRUE(t.gather());
  ASSERT_EQ(t.a->agent().local_candidates().size(), 1u);
  ASSERT_TRUE(t.connect());
  EXPECT_TRUE(t.a->relayed());
  EXPECT_TRUE(t.talk());
  // Not even if the peer finds the socket: its checks there are not answered.
  uint64_t sent = t.a->datagrams_sent();
  t.a->inject(t.b->address(), std::vector<uint8_t>(20, 0));
  EXPECT_EQ(t.a->datagrams_sent(), sent);
}

TEST(IceRelay, media_goes_by_channel_and_checks_by_indication) {
  Relayed t(5);
  ASSERT_TRUE(t.connect());
  EXPECT_EQ(t.turn.counts().channel_binds, 0u);
  EXPECT_GT(t.turn.counts().indications_in, 0u);
  ASSERT_TRUE(t.talk(10));
  EXPECT_EQ(t.turn.counts().channel_binds, 1u);
  EXPECT_GE(t.turn.counts().channel_data_in, 9u);
  EXPECT_GE(t.turn.counts().channel_data_out, 9u);
}

TEST(IceRelay, without_channels_indications_carry_everything) {
  SimTurnOptions options;
  options.binds_channels = false;
  Relayed t(6, options);
  ASSERT_TRUE(t.connect());
  EXPECT_TRUE(t.talk(10));
  EXPECT_EQ(t.turn.counts().channel_data_in, 0u);
}

TEST(IceRelay, connects_under_loss) {
  for (uint64_t seed = 10; seed < 30; ++seed) {
    SCOPED_TRACE(seed);
    Relayed t(seed, {}, {}, NatKind::symmetric, 0.1);
    ASSERT_TRUE(t.connect());
    EXPECT_TRUE(t.a->relayed());
    t.talk(20);
    EXPECT_GT(t.b->received().size(), 8u);
  }
}

TEST(IceRelay, lives_for_hours_with_refreshes_and_stale_nonces) {
  Relayed t(7);
  ASSERT_TRUE(t.connect());
  uint64_t early = t.turn.counts().without_permission;
  for (int i = 0; i < 24; ++i) {
    t.rig.run_for(5min);
    t.turn.expire_nonces();
    ASSERT_TRUE(t.talk(2)) << i;
  }
  EXPECT_GE(t.turn.counts().refreshes, 12u);
  EXPECT_GT(t.turn.counts().stale_nonces, 10u);
  EXPECT_EQ(t.turn.allocations(), 1u);
  EXPECT_EQ(t.turn.counts().without_permission, early);
}

TEST(IceRelay, sha256_is_used_where_it_is_offered) {
  SimTurnOptions options;
  options.sha256 = true;
  Relayed t(8, options);
  ASSERT_TRUE(t.connect());
  EXPECT_EQ(t.a->turn()->password_algorithm(), stun::PasswordAlgorithm::sha256);
  t.turn.expire_nonces();
  t.rig.run_for(10min);
  EXPECT_TRUE(t.talk());
  Relayed old(8);
  ASSERT_TRUE(old.connect());
  EXPECT_EQ(old.a->turn()->password_algorithm(), stun::PasswordAlgorithm::md5);
}

TEST(IceRelay, wrong_credentials_are_said_and_end_gathering) {
  IceEndpointConfig config;
  config.turn_password = "wrong";
  Relayed t(9, {}, config);
  ASSERT_TRUE(t.gather());
  EXPECT_EQ(t.turn.counts().unauthorized, 1u);  // asked once, not again and again
  auto* failed = find<rtc::TurnFailed>(t.a->turn_events());
  ASSERT_NE(failed, nullptr);
  EXPECT_EQ(failed->code, 401);
  EXPECT_NE(failed->text.find("refuses the user name or password"), std::string::npos);
  EXPECT_EQ(failed->text.find("wrong"), std::string::npos);  // no secret in it
  EXPECT_EQ(t.a->agent().local_candidates().size(), 1u);
  EXPECT_FALSE(t.connect());
}

TEST(IceRelay, relay_only_without_a_relay_fails_soon) {
  IceEndpointConfig config;
  config.turn_password = "wrong";
  config.relay_only = true;
  Relayed t(10, {}, config);
  ASSERT_TRUE(t.gather());
  t.rig.exchange(*t.a, *t.b);
  EXPECT_TRUE(t.rig.run_until([&] { return t.a->agent().state() == rtc::IceState::failed; }, 1s));
}

TEST(IceRelay, a_silent_server_ends_gathering_within_five_seconds) {
  IceRig rig(11);
  SimTurnServer turn(rig.network(), rig.clock(), endpoint(kServer));
  turn.set_silent(true);
  IceEndpointConfig config;
  config.turn_server = endpoint(kServer);
  IceEndpoint& a = rig.add("a", {ip("192.0.2.1")}, config);
  ASSERT_TRUE(rig.run_until([&] { return a.gathered(); }, 5s));
  ASSERT_NE(find<rtc::TurnFailed>(a.turn_events()), nullptr);
  EXPECT_EQ(find<rtc::TurnFailed>(a.turn_events())->text, "it does not answer");
}

TEST(IceRelay, a_server_that_vanishes_fails_the_connection) {
  Relayed t(12);
  ASSERT_TRUE(t.connect());
  t.turn.set_silent(true);
  EXPECT_TRUE(t.rig.run_until([&] { return t.a->agent().state() == rtc::IceState::failed; }, 40s));
  // The refresh notices, too.
  EXPECT_TRUE(t.rig.run_until([&] { return find<rtc::TurnFailed>(t.a->turn_events()) != nullptr; }, 11min));
  EXPECT_EQ(t.a->agent().local_candidates().size(), 1u);
}

TEST(IceRelay, a_relay_that_is_lost_fails_its_pairs_at_once_and_no_others) {
  Relayed needed(13);
  ASSERT_TRUE(needed.connect());
  needed.a->agent().remove_relay(kRelaySockets, needed.rig.clock().now());
  EXPECT_EQ(needed.a->agent().state(), rtc::IceState::failed);
  EXPECT_FALSE(needed.a->connected());

  Relayed spare(13, {}, {}, std::nullopt);
  ASSERT_TRUE(spare.connect());
  spare.a->agent().remove_relay(kRelaySockets, spare.rig.clock().now());
  EXPECT_TRUE(spare.talk());
  EXPECT_EQ(spare.a->agent().local_candidates().size(), 1u);
}

TEST(IceRelay, follows_a_redirect_but_not_in_circles) {
  IceRig rig(14);
  SimTurnOptions elsewhere;
  elsewhere.alternate = endpoint("198.18.0.3:3478");
  SimTurnServer first(rig.network(), rig.clock(), endpoint(kServer), elsewhere);
  SimTurnServer second(rig.network(), rig.clock(), endpoint("198.18.0.3:3478"), {.realm = "other.example"});
  IceEndpointConfig config;
  config.turn_server = endpoint(kServer);
  IceEndpoint& a = rig.add("a", {ip("192.0.2.1")}, config);
  ASSERT_TRUE(rig.run_until([&] { return a.gathered(); }, 5s));
  EXPECT_EQ(second.allocations(), 1u);
  EXPECT_EQ(a.agent().local_candidates().size(), 2u);

  second.options().alternate = endpoint(kServer);
  IceEndpoint& b = rig.add("b", {ip("192.0.2.2")}, config);
  ASSERT_TRUE(rig.run_until([&] { return b.gathered(); }, 10s));
  ASSERT_NE(find<rtc::TurnFailed>(b.turn_events()), nullptr);
  EXPECT_EQ(find<rtc::TurnFailed>(b.turn_events())->code, 300);
}

TEST(IceRelay, quota_and_forbidden_peers_are_told_apart) {
  SimTurnOptions options;
  options.quota = 0;
  Relayed full(15, options);
  ASSERT_TRUE(full.gather());
  ASSERT_NE(find<rtc::TurnFailed>(full.a->turn_events()), nullptr);
  EXPECT_EQ(find<rtc::TurnFailed>(full.a->turn_events())->code, 486);

  SimTurnOptions strict;
  strict.forbids_peers = true;
  Relayed t(16, strict);
  ASSERT_TRUE(t.gather());
  EXPECT_FALSE(t.connect());
  ASSERT_NE(find<rtc::TurnPeerRefused>(t.a->turn_events()), nullptr);
  EXPECT_EQ(find<rtc::TurnPeerRefused>(t.a->turn_events())->code, 403);
}

TEST(IceRelay, gives_the_allocation_back) {
  Relayed t(17);
  ASSERT_TRUE(t.connect());
  t.turn.expire_nonces();  // even if the nonce is stale by then
  t.a->close_turn();
  t.rig.run_for(1s);
  EXPECT_TRUE(t.a->turn()->ended());
  EXPECT_EQ(t.turn.allocations(), 0u);
  EXPECT_EQ(t.turn.counts().deallocations, 1u);
}

TEST(IceRelay, one_allocation_gives_addresses_of_both_families) {
  SimTurnOptions options;
  options.relay_v6 = ip("2001:db8::5");
  IceEndpointConfig config;
  config.turn_v6 = true;
  config.relay_only = true;
  Relayed t(18, options, config, std::nullopt);
  ASSERT_TRUE(t.gather());
  auto candidates = t.a->agent().local_candidates();
  ASSERT_EQ(candidates.size(), 2u);
  EXPECT_TRUE(candidates[0].address.ip.is_v4());
  EXPECT_TRUE(candidates[1].address.ip.is_v6());
  IceEndpoint& six = t.rig.add("six", {ip("2001:db8::9")}, {});
  ASSERT_TRUE(t.rig.run_until([&] { return six.gathered(); }, 1s));
  t.rig.exchange(*t.a, six);
  ASSERT_TRUE(t.rig.run_until([&] { return t.a->ready() && six.ready(); }, 10s));
  EXPECT_TRUE(t.a->agent().selected()->local.address.ip.is_v6());
}

TEST(IceRelay, candidates_of_the_peer_that_come_first_wait_for_the_relay) {
  IceEndpointConfig config;
  config.relay_only = true;
  Relayed t(19, {}, config);
  ASSERT_TRUE(t.rig.run_until([&] { return t.b->gathered(); }, 1s));
  ASSERT_FALSE(t.a->gathered());
  t.rig.give_credentials(*t.b, *t.a);
  t.rig.give_candidates(*t.b, *t.a);
  ASSERT_TRUE(t.gather());
  t.rig.give_credentials(*t.a, *t.b);
  t.rig.give_candidates(*t.a, *t.b);
  EXPECT_TRUE(t.rig.run_until([&] { return t.a->ready() && t.b->ready(); }, 15s));
}

TEST(IceRelay, an_ice_restart_keeps_the_relay) {
  Relayed t(20);
  ASSERT_TRUE(t.connect());
  t.rig.restart(*t.a, *t.b);
  t.rig.run_for(5s);
  EXPECT_TRUE(t.a->ready());
  EXPECT_TRUE(t.a->relayed());
  EXPECT_TRUE(t.talk());
  EXPECT_EQ(t.turn.counts().allocates, 1u);
}

}  // namespace
}  // namespace limen::test
