// What strangers and bad peers can make an IceAgent do: next to nothing.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <string>
#include <vector>

#include "crypto/hmac.hpp"
#include "rtc/ice/check_list.hpp"
#include "tests/support/forged_stun.hpp"
#include "tests/support/ice_rig.hpp"
#include "wire/stun/stun_message.hpp"
#include "wire/stun/stun_writer.hpp"

namespace limen::test {
namespace {

using namespace std::chrono_literals;
using rtc::IceDrop;
using stun::AttributeType;

struct Victim {
  IceRig rig;
  IceEndpoint& agent;
  rtc::IceCredentials peer;
  SocketAddress stranger = endpoint("198.51.100.66:6666");

  explicit Victim(uint64_t seed) : rig(seed), agent(rig.add("victim", {ip("192.0.2.1")}, {})) {
    peer = rig.make_credentials();
    agent.agent().set_remote_credentials(peer, false, rig.clock().now());
  }
  std::string username() const { return agent_credentials().ufrag + ":" + peer.ufrag; }
  const rtc::IceCredentials& agent_credentials() const { return agent.agent().local_credentials(); }
  uint64_t dropped(IceDrop drop) { return agent.agent().drops()[static_cast<size_t>(drop)]; }
};

TEST(IceHostile, only_the_right_name_and_password_are_answered) {
  Victim v(41);
  const rtc::IceCredentials own = v.agent_credentials();
  struct Case {
    Forged forged;
    IceDrop expected;
  };
  const Case cases[] = {
      {{v.username(), "wrong password"}, IceDrop::bad_integrity},
      {{v.username(), v.peer.pwd}, IceDrop::bad_integrity},
      {{v.username(), "", false}, IceDrop::bad_integrity},
      {{"", own.pwd}, IceDrop::bad_username},
      {{own.ufrag, own.pwd}, IceDrop::bad_username},
      {{own.ufrag + ":", own.pwd}, IceDrop::bad_username},
      {{own.ufrag + ":nope", own.pwd}, IceDrop::bad_username},
      {{":" + v.peer.ufrag, own.pwd}, IceDrop::bad_username},
      {{v.peer.ufrag + ":" + own.ufrag, own.pwd}, IceDrop::bad_username},
  };
  for (const Case& c : cases) {
    uint64_t before = v.dropped(c.expected);
    v.agent.inject(v.stranger, make_request(v.rig.random(), c.forged));
    EXPECT_EQ(v.dropped(c.expected), before + 1) << c.forged.username;
  }
  v.rig.run_for(5s);
  EXPECT_EQ(v.agent.datagrams_sent(), 0u);
  EXPECT_FALSE(v.agent.agent().owns({0, v.stranger}));

  v.agent.inject(v.stranger, make_request(v.rig.random(), {v.username(), own.pwd}));
  EXPECT_EQ(v.agent.datagrams_sent(), 2u);  // the answer, and the triggered check
  EXPECT_TRUE(v.agent.agent().owns({0, v.stranger}));
}

TEST(IceHostile, a_flood_of_rubbish_is_counted_and_answered_by_silence) {
  Victim v(42);
  std::vector<uint8_t> good = make_request(v.rig.random(), {v.username(), v.agent_credentials().pwd});
  uint64_t injected = 0;
  // Not in FINGERPRINT, the last 8 bytes: with its type changed the rest is a request without one.
  for (size_t i = 0; i < good.size() - 8; ++i) {
    for (uint8_t flip : {0x01, 0x80}) {
      std::vector<uint8_t> bad = good;
      bad[i] ^= flip;
      if (bad[0] > 3) continue;
      v.agent.inject(v.stranger, bad);
      ++injected;
    }
  }
  for (size_t length = 0; length < good.size(); ++length) {
    v.agent.inject(v.stranger, Bytes(good).first(length));
    ++injected;
  }
  for (int i = 0; i < 20000; ++i) {
    std::vector<uint8_t> noise(v.rig.random().below(200));
    v.rig.random().fill(noise);
    if (!noise.empty()) noise[0] &= 3;
    v.agent.inject({IpAddress::v4(v.rig.random().u32()), 9}, noise);
    ++injected;
  }
  uint64_t counted = 0;
  for (uint64_t count : v.agent.agent().drops()) counted += count;
  EXPECT_EQ(counted, injected);
  EXPECT_EQ(v.agent.datagrams_sent(), 0u);
  EXPECT_TRUE(v.agent.agent().remote_candidates().empty());
}

TEST(IceHostile, answers_are_not_larger_than_requests) {
  Victim v(43);
  for (const Forged& forged :
       {Forged{v.username(), v.agent_credentials().pwd}, Forged{v.username(), v.agent_credentials().pwd, true, false},
        Forged{v.username(), v.agent_credentials().pwd, true, true, false, 0x7abc}}) {
    std::vector<uint8_t> request = make_request(v.rig.random(), forged);
    size_t answer = 0;
    v.rig.network().set_tap([&](const SimDatagram& datagram) {
      if (datagram.bytes[0] == 1) answer = datagram.bytes.size();
    });
    v.agent.inject(v.stranger, request);
    EXPECT_GT(answer, 0u);
    EXPECT_LE(answer, request.size());
  }
}

TEST(IceHostile, remote_candidates_are_bounded_and_filtered) {
  Victim v(44);
  auto& agent = v.agent.agent();
  Instant now = v.rig.clock().now();
  rtc::Candidate candidate;
  candidate.foundation = "1";
  candidate.priority = 1;
  for (const char* unusable : {"0.0.0.0:1", "224.0.0.1:1", "255.255.255.255:1", "127.0.0.1:1", "192.0.2.9:0",
                               "[ff02::1]:1", "[2001:db8::1]:1"}) {
    candidate.address = endpoint(unusable);
    uint64_t before = v.dropped(IceDrop::unusable_candidate);
    agent.add_remote_candidate(candidate, now);
    EXPECT_EQ(v.dropped(IceDrop::unusable_candidate), before + 1) << unusable;
  }
  candidate.address = endpoint("192.0.2.9:1");
  candidate.component = 2;
  agent.add_remote_candidate(candidate, now);
  candidate.component = 1;
  candidate.protocol = rtc::CandidateProtocol::tcp_passive;
  agent.add_remote_candidate(candidate, now);
  EXPECT_EQ(v.dropped(IceDrop::unusable_candidate), 9u);
  candidate.protocol = rtc::CandidateProtocol::udp;
  for (int i = 0; i < 1000; ++i) {
    candidate.address = {IpAddress::v4(0x0a000000u + static_cast<uint32_t>(i)), 5000};
    agent.add_remote_candidate(candidate, now);
  }
  EXPECT_LE(agent.remote_candidates().size(), rtc::kMaxRemoteCandidates);
  EXPECT_GT(v.dropped(IceDrop::too_many), 900u);
  v.rig.run_for(60s);
  EXPECT_LE(v.agent.datagrams_sent(), rtc::kMaxPairs * 7);
  EXPECT_EQ(agent.state(), rtc::IceState::failed);
}

TEST(IceHostile, a_peer_with_ever_new_addresses_is_bounded) {
  Victim v(45);
  for (int i = 0; i < 2000; ++i) {
    SocketAddress from{IpAddress::v4(0xcb007100u), static_cast<uint16_t>(1000 + i)};
    v.agent.inject(from, make_request(v.rig.random(), {v.username(), v.agent_credentials().pwd}));
  }
  EXPECT_LE(v.agent.agent().remote_candidates().size(), rtc::kMaxPeerReflexive);
  // After a while a newcomer finds room again.
  v.rig.run_for(10s);
  SocketAddress late = endpoint("203.0.113.200:99");
  v.agent.inject(late, make_request(v.rig.random(), {v.username(), v.agent_credentials().pwd}));
  EXPECT_TRUE(v.agent.agent().owns({0, late}));
  EXPECT_LE(v.agent.agent().remote_candidates().size(), rtc::kMaxPeerReflexive);
}

TEST(IceHostile, early_checks_are_bounded) {
  IceRig rig(46);
  auto& agent = rig.add("victim", {ip("192.0.2.1")}, {});
  const rtc::IceCredentials own = agent.agent().local_credentials();
  for (int i = 0; i < 1000; ++i) {
    agent.inject({ip("203.0.113.7"), static_cast<uint16_t>(1000 + i)},
                 make_request(rig.random(), {own.ufrag + ":abcd", own.pwd}));
  }
  EXPECT_EQ(agent.datagrams_sent(), 1000u);  // answers only
  EXPECT_GT(agent.agent().drops()[static_cast<size_t>(IceDrop::too_many)], 900u);
}

TEST(IceHostile, forged_answers_do_not_validate_a_pair) {
  Victim v(47);
  std::vector<SimDatagram> checks;
  v.rig.network().set_tap([&](const SimDatagram& datagram) { checks.push_back(datagram); });
  rtc::Candidate candidate;
  candidate.foundation = "1";
  candidate.priority = 1;
  candidate.address = endpoint("198.51.100.1:5000");
  v.agent.agent().add_remote_candidate(candidate, v.rig.clock().now());
  v.rig.run_until([&] { return !checks.empty(); }, 1s);
  ASSERT_FALSE(checks.empty());
  auto request = stun::Message::parse(checks[0].bytes);
  ASSERT_TRUE(request);

  auto answer = [&](const std::string& key, const SocketAddress& from, bool random_id) {
    std::array<uint8_t, 200> room;
    stun::TransactionId id = request->transaction_id();
    if (random_id) v.rig.random().fill(id);
    stun::MessageWriter writer(room, stun::MessageClass::success, stun::Method::binding, id);
    writer.add_address(AttributeType::xor_mapped_address, v.agent.address());
    if (!key.empty()) writer.add_integrity(crypto::HmacSha1(as_bytes(key)));
    writer.add_fingerprint();
    v.agent.inject(from, writer.finish());
  };
  answer("", candidate.address, false);
  answer("guess", candidate.address, false);
  EXPECT_EQ(v.dropped(IceDrop::bad_integrity), 2u);
  answer(v.peer.pwd, candidate.address, true);
  EXPECT_EQ(v.dropped(IceDrop::unknown_transaction), 1u);
  EXPECT_FALSE(v.agent.connected());
  answer(v.peer.pwd, candidate.address, false);
  EXPECT_TRUE(v.agent.connected());
}

TEST(IceHostile, an_answer_from_elsewhere_fails_the_pair) {
  Victim v(48);
  std::vector<SimDatagram> checks;
  v.rig.network().set_tap([&](const SimDatagram& datagram) { checks.push_back(datagram); });
  rtc::Candidate candidate;
  candidate.foundation = "1";
  candidate.priority = 1;
  candidate.address = endpoint("198.51.100.1:5000");
  v.agent.agent().add_remote_candidate(candidate, v.rig.clock().now());
  v.rig.run_until([&] { return !checks.empty(); }, 1s);
  ASSERT_FALSE(checks.empty());
  auto request = stun::Message::parse(checks[0].bytes);
  std::array<uint8_t, 200> room;
  stun::MessageWriter writer(room, stun::MessageClass::success, stun::Method::binding, request->transaction_id());
  writer.add_address(AttributeType::xor_mapped_address, v.agent.address());
  writer.add_integrity(crypto::HmacSha1(as_bytes(v.peer.pwd)));
  writer.add_fingerprint();
  v.agent.inject(v.stranger, writer.finish());
  EXPECT_EQ(v.dropped(IceDrop::wrong_source), 1u);
  EXPECT_FALSE(v.agent.connected());
  EXPECT_EQ(v.agent.agent().state(), rtc::IceState::failed);
}

TEST(IceHostile, transaction_ids_carry_the_tag_of_the_agent) {
  Victim v(49);
  std::vector<SimDatagram> checks;
  v.rig.network().set_tap([&](const SimDatagram& datagram) { checks.push_back(datagram); });
  v.agent.inject(v.stranger, make_request(v.rig.random(), {v.username(), v.agent_credentials().pwd}));
  ASSERT_EQ(checks.size(), 2u);
  auto check = stun::Message::parse(checks[1].bytes);
  ASSERT_TRUE(check);
  EXPECT_EQ(load_u32(check->transaction_id().data()), v.agent.agent().transaction_tag());
}

TEST(IceHostile, consent_of_the_selected_pair_outlives_a_stranger_with_the_address_list_full) {
  IceRig rig(50);
  auto& a = rig.add("a", {ip("192.0.2.1")}, {});
  auto& b = rig.add("b", {ip("192.0.2.2")}, {.controlling = true});
  rig.exchange(a, b);
  ASSERT_TRUE(rig.run_until([&] { return a.ready() && b.ready(); }, 5s));
  std::string username = a.agent().local_credentials().ufrag + ":" + b.agent().local_credentials().ufrag;
  for (int i = 0; i < 200; ++i) {
    Forged forged{username, a.agent().local_credentials().pwd};
    forged.use_candidate = true;
    a.inject({ip("203.0.113.7"), static_cast<uint16_t>(1000 + i)}, make_request(rig.random(), forged));
    rig.run_for(1s);
    ASSERT_TRUE(a.ready());
    ASSERT_EQ(a.agent().selected()->flow.remote, b.address());
  }
}

// A lite agent checks nothing before it sends, so only the peer's word says where it is. Once media flows, a forged
// source (of a client that wants somebody else flooded) does not lead it away.
TEST(IceHostile, a_lite_agent_does_not_send_to_an_address_that_only_a_forged_source_has_named) {
  IceRig rig(51);
  auto& lite = rig.add("lite", {ip("192.0.2.1")}, {.lite = true});
  auto& client = rig.add("client", {ip("192.0.2.2")}, {.controlling = true});
  rig.exchange(lite, client);
  ASSERT_TRUE(rig.run_until([&] { return lite.ready() && client.ready(); }, 5s));
  const SocketAddress victim = endpoint("203.0.113.7:9999");
  uint64_t to_victim = 0, forged_bytes = 0;
  rig.network().set_tap([&](const SimDatagram& datagram) {
    if (datagram.to == victim) to_victim += datagram.bytes.size();
  });
  Forged forged{lite.agent().local_credentials().ufrag + ":" + client.agent().local_credentials().ufrag,
                lite.agent().local_credentials().pwd};
  forged.use_candidate = true;
  forged.priority = 0x7effffff;  // better than all
  for (int i = 0; i < 100; ++i) {
    auto request = make_request(rig.random(), forged);
    forged_bytes += request.size();
    lite.inject(victim, request);
    rig.run_for(50ms);
    ASSERT_EQ(lite.agent().selected()->flow.remote, client.address());
  }
  // An answer each, and now and then a request to see whether somebody is there.
  EXPECT_LE(to_victim, 2 * forged_bytes);
  EXPECT_TRUE(lite.ready());
}

TEST(IceHostile, a_lite_agent_follows_a_peer_that_answers_from_its_new_address) {
  IceRig rig(52);
  NatId nat = rig.network().add_nat(NatKind::port_restricted, {ip("203.0.113.1")});
  auto& lite = rig.add("lite", {ip("192.0.2.1")}, {.lite = true});
  auto& client = rig.add("client", {ip("10.0.0.2")}, {.controlling = true}, nat);
  rig.exchange(lite, client);
  ASSERT_TRUE(rig.run_until([&] { return lite.ready() && client.ready(); }, 5s));
  SocketAddress before = lite.agent().selected()->flow.remote;
  rig.run_for(20s);
  rig.network().rebind_nat(nat);
  EXPECT_TRUE(rig.run_until([&] { return lite.agent().selected()->flow.remote != before; }, 29s));
  rig.run_for(60s);
  EXPECT_TRUE(client.ready() && lite.ready());
  ASSERT_TRUE(lite.send_data("still there"));
  rig.run_for(1s);
  EXPECT_THAT(client.received(), testing::Contains("still there"));
}

}  // namespace
}  // namespace limen::test
