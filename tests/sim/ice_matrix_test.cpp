// Every kind of NAT on either side, full and lite, half and full trickle, with and without a TURN server, with and
// without loss: a pair connects
// exactly where RFC 8445 says it must, and where it cannot both sides say `failed` in time.
//
// One side is a client (always a full agent, controlling when the server is lite), the other the server. They
// exchange an offer and an answer over a signalling path with a delay of its own, as browsers do.
#include <gtest/gtest.h>

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include "tests/support/ice_rig.hpp"
#include "tests/support/sim_turn_server.hpp"

namespace limen::test {
namespace {

using namespace std::chrono_literals;

using Nat = std::optional<NatKind>;  // none: a public address
constexpr Nat kKinds[] = {std::nullopt, NatKind::full_cone, NatKind::address_restricted, NatKind::port_restricted,
                          NatKind::symmetric};

enum class Turn { none, client, server };  // who has a relay

struct Case {
  Nat client, server;
  bool lite = false;  // the server
  bool full_trickle = false;
  double loss = 0;  // of each direction of the client's link
  Turn turn = Turn::none;
};

std::string name_of(Nat nat) {
  if (!nat) return "none";
  constexpr const char* kNames[] = {"full cone", "address-restricted", "port-restricted", "symmetric"};
  return kNames[static_cast<size_t>(*nat)];
}

std::string name_of(const Case& c) {
  return "client " + name_of(c.client) + ", server " + name_of(c.server) + (c.lite ? " lite" : " full") +
         (c.full_trickle ? ", full trickle" : ", half trickle") +
         (c.turn == Turn::none     ? ""
          : c.turn == Turn::client ? ", client has TURN"
                                   : ", server has TURN") +
         ", loss " + std::to_string(c.loss);
}

// RFC 4787: a symmetric NAT shows each destination another port, so the address that a STUN server saw is not the
// one the peer sees.
bool maps_per_destination(Nat nat) {
  return nat == NatKind::symmetric;
}
// Such a NAT lets in only what comes from an address and port that was sent to.
bool filters_ports(Nat nat) {
  return nat == NatKind::port_restricted || nat == NatKind::symmetric;
}

bool must_connect_directly(const Case& c) {
  // A lite server has host candidates only (RFC 8445 section 5.2) and sends no checks that would open its NAT.
  if (c.lite) return !c.server;
  // Checks of one side open its filter for the address the other has signalled. If the other's NAT shows another
  // port than that, only a filter that looks at addresses alone lets its checks in; the answers and the triggered
  // checks then follow the peer-reflexive address (section 7.3.1.3).
  bool client_kept_out = maps_per_destination(c.client) && filters_ports(c.server);
  bool server_kept_out = maps_per_destination(c.server) && filters_ports(c.client);
  return !client_kept_out && !server_kept_out;
}

// A relay is public and lets in whom its owner has sent to, whatever the port (RFC 8656 section 9). Both sides name the
// outside of their NAT, so each of them knows the address that the other's checks come from.
bool must_connect(const Case& c) {
  return must_connect_directly(c) || (c.turn != Turn::none && !c.lite);
}

// The way descriptions and candidates take.
class Signalling {
 public:
  static constexpr Duration kDelay = 30ms;

  Signalling(IceRig& rig, IceEndpoint& client, IceEndpoint& server, const Case& c)
      : rig_(rig), client_(client), server_(server), case_(c) {}

  // True: all has arrived.
  bool step() {
    Instant now = rig_.clock().now();
    offer(now);
    answer(now);
    if (case_.full_trickle) {
      if (offered_) trickle(client_, server_, to_server_, now);
      if (answered_) trickle(server_, client_, to_client_, now);
    }
    return deliver(now);
  }

 private:
  struct Direction {
    size_t told = 0;
    bool done = false;
  };
  struct Message {
    Instant due;
    std::function<void(Instant)> arrive;
  };

  void send(Instant now, std::function<void(Instant)> arrive) { path_.push_back({now + kDelay, std::move(arrive)}); }

  void offer(Instant now) {
    if (offered_ || (!case_.full_trickle && !client_.gathered())) return;
    offered_ = true;
    auto credentials = client_.agent().local_credentials();
    send(now, [this, credentials](Instant at) {
      server_.agent().set_remote_credentials(credentials, false, at);
      offer_arrived_ = true;
    });
    if (!case_.full_trickle) trickle(client_, server_, to_server_, now);
  }

  void answer(Instant now) {
    if (answered_ || !offer_arrived_ || (!case_.full_trickle && !server_.gathered())) return;
    answered_ = true;
    auto credentials = server_.agent().local_credentials();
    send(now, [this, credentials](Instant at) {
      client_.agent().set_remote_credentials(credentials, case_.lite, at);
      client_.agent().start(at);
    });
    server_.agent().start(now);
    if (!case_.full_trickle) trickle(server_, client_, to_client_, now);
  }

  void trickle(IceEndpoint& from, IceEndpoint& to, Direction& way, Instant now) {
    if (way.done) return;
    auto candidates = from.agent().local_candidates();
    for (; way.told < candidates.size(); ++way.told) {
      std::string line = rtc::write_candidate(candidates[way.told]);
      send(now, [&to, line](Instant at) {
        auto candidate = rtc::parse_candidate(line);
        ASSERT_TRUE(candidate) << line;
        to.agent().add_remote_candidate(*candidate, at);
      });
    }
    if (!from.gathered()) return;
    way.done = true;
    send(now, [&to](Instant at) { to.agent().remote_candidates_done(at); });
  }

  bool deliver(Instant now) {
    bool arrived = false;
    while (!path_.empty() && path_.front().due <= now) {
      auto arrive = std::move(path_.front().arrive);
      path_.erase(path_.begin());
      arrive(now);
      arrived = true;
    }
    if (arrived) rig_.drain();
    return to_server_.done && to_client_.done && path_.empty();
  }

  IceRig& rig_;
  IceEndpoint& client_;
  IceEndpoint& server_;
  const Case& case_;
  std::vector<Message> path_;
  Direction to_server_, to_client_;
  bool offered_ = false, offer_arrived_ = false, answered_ = false;
};

struct Meeting {
  IceRig rig;
  SimTurnServer turn;
  IceEndpoint* client = nullptr;
  IceEndpoint* server = nullptr;

  Meeting(uint64_t seed, const Case& c) : rig(seed), turn(rig.network(), rig.clock(), endpoint("198.18.0.2:3478")) {
    rig.add_stun_server(endpoint("198.18.0.1:3478"));
    IceEndpointConfig config;
    config.stun_servers = {endpoint("198.18.0.1:3478")};
    config.controlling = true;  // it offers
    if (c.turn == Turn::client) config.turn_server = turn.address();
    client = &add("client", c.client, "203.0.113.1", "10.0.1.2", config);
    config.controlling = false;
    config.lite = c.lite;
    config.turn_server.reset();
    if (c.turn == Turn::server && !c.lite) config.turn_server = turn.address();
    server = &add("server", c.server, "203.0.113.2", "10.0.2.2", config);
    rig.network().set_link(client->host(), {.latency = 15ms, .loss = c.loss});
    rig.network().set_link(server->host(), {.latency = 5ms});
  }

  IceEndpoint& add(const char* name, Nat kind, const char* outside, const char* inside,
                   const IceEndpointConfig& config) {
    NatId nat;
    if (kind) nat = rig.network().add_nat(*kind, {ip(outside)});
    return rig.add(name, {ip(kind ? inside : outside)}, config, nat);
  }

  bool signal(const Case& c) {
    Signalling signalling(rig, *client, *server, c);
    Instant end = rig.clock().now() + 6s;
    while (rig.clock().now() < end) {
      if (signalling.step()) return true;
      rig.run_for(5ms);
    }
    return false;
  }
  bool both(rtc::IceState state) const { return client->agent().state() == state && server->agent().state() == state; }
};

// What the application notices: data passes both ways, and nothing arrives that is not from the peer.
void expect_data_both_ways(Meeting& m) {
  for (int i = 0; i < 12; ++i) {  // some of it is lost
    EXPECT_TRUE(m.client->send_data("ping") && m.server->send_data("pong"));
    m.rig.run_for(20ms);
  }
  m.rig.run_for(200ms);
  EXPECT_FALSE(m.client->received().empty());
  EXPECT_FALSE(m.server->received().empty());
  EXPECT_EQ(m.client->strays() + m.server->strays(), 0u);
}

// Once in a thousand times all questions to the STUN server are lost: that side cannot name its outside.
bool knows_outside(IceEndpoint& side, Nat nat) {
  auto candidates = side.agent().local_candidates();
  return !nat || std::ranges::count(candidates, rtc::CandidateType::srflx, &rtc::Candidate::type) > 0;
}

void run_case(uint64_t seed, const Case& c) {
  SCOPED_TRACE(name_of(c) + ", seed " + std::to_string(seed));
  Meeting m(seed, c);
  ASSERT_TRUE(m.signal(c));
  Instant signalled = m.rig.clock().now();
  if (c.loss > 0 && !(knows_outside(*m.client, c.client) && (c.lite || knows_outside(*m.server, c.server)))) {
    EXPECT_TRUE(m.rig.run_until([&] { return m.both(rtc::IceState::ready) || m.both(rtc::IceState::failed); }, 45s));
    return;
  }
  if (must_connect(c)) {
    EXPECT_TRUE(m.rig.run_until([&] { return m.both(rtc::IceState::ready); }, c.loss > 0 ? 12s : 2s))
        << rtc::ice_state_name(m.client->agent().state()) << " and " << rtc::ice_state_name(m.server->agent().state());
    if (m.client->connected() && m.server->connected()) expect_data_both_ways(m);
    bool relayed = m.client->relayed() || m.server->relayed();
    // Where there is another way a relay is the last choice; under loss it may have been the only one in time.
    if (c.loss == 0) {
      EXPECT_EQ(relayed, !must_connect_directly(c));
    }
    return;
  }
  // RFC 8489 section 6.2.1: with the values recommended there, a check is given up after 39.5 s.
  EXPECT_TRUE(m.rig.run_until([&] { return m.both(rtc::IceState::failed); }, 45s))
      << rtc::ice_state_name(m.client->agent().state()) << " and " << rtc::ice_state_name(m.server->agent().state());
  EXPECT_FALSE(m.client->connected() || m.server->connected());
  EXPECT_FALSE(std::ranges::count(m.client->states(), rtc::IceState::connected));
  EXPECT_TRUE(m.client->agent().failed_at() && m.server->agent().failed_at());
  // The side that checks knows sooner.
  EXPECT_LE(m.client->agent().failed_at().value_or(kNever), signalled + 15s);
}

class IceMatrix : public testing::TestWithParam<std::tuple<bool, bool, double>> {};

TEST_P(IceMatrix, connects_exactly_where_it_must) {
  auto [lite, full_trickle, loss] = GetParam();
  // What is lost decides much: more than one throw of the dice.
  uint64_t rounds = loss > 0 ? 12 : 1;
  for (uint64_t round = 0; round < rounds; ++round) {
    uint64_t seed = 1000 * (round + 1);
    for (Turn turn : {Turn::none, Turn::client, Turn::server}) {
      for (Nat client : kKinds) {
        for (Nat server : kKinds) run_case(++seed, {client, server, lite, full_trickle, loss, turn});
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Kinds, IceMatrix,
                         testing::Combine(testing::Bool(), testing::Bool(), testing::Values(0.0, 0.1)),
                         [](const auto& instance) {
                           return std::string(std::get<0>(instance.param) ? "lite" : "full") +
                                  (std::get<1>(instance.param) ? "_full_trickle" : "_half_trickle") +
                                  (std::get<2>(instance.param) > 0 ? "_loss" : "");
                         });

}  // namespace
}  // namespace limen::test
