// What strangers and clients of bad faith can do to a media loop and its peers: next to nothing.
#include <gtest/gtest.h>

#include "tests/support/forged_stun.hpp"
#include "tests/support/media_plane_rig.hpp"

namespace limen::core {
namespace {

using namespace std::chrono_literals;
using test::endpoint;
using test::Forged;
using test::ip;
using test::make_request;
using test::NatKind;
using test::SimDatagram;

class HostilePeers : public test::MediaPlaneRig {
 protected:
  const SocketAddress server_address_ = endpoint("192.0.2.1:7000");

  void inject(const SocketAddress& from, Bytes datagram) {
    Packet packet = shard0_.packets().copy(datagram, clock_.now());
    ASSERT_TRUE(packet);
    // As a turn of the loop: what follows from it leaves at once.
    shard0_.post([this, from, packet = std::move(packet)]() mutable {
      plane_.host(0).on_datagram({0, from}, std::move(packet), clock_.now());
    });
    world_.run_for(1ms);
  }
  static std::string username(const Call& call) {
    return call.config.ice.local.ufrag + ":" + call.browser->config.ice.local.ufrag;
  }
  // Bytes that leave the server for `to`.
  void count_to(const IpAddress& to, uint64_t& bytes) {
    network_.set_tap([this, to, &bytes](const SimDatagram& datagram) {
      if (datagram.from == server_address_ && datagram.to.ip == to) bytes += datagram.bytes.size();
    });
  }
};

TEST_F(HostilePeers, clients_behind_one_address_get_each_their_own) {
  for (NatKind kind : {NatKind::port_restricted, NatKind::symmetric}) {
    test::NatId nat = network_.add_nat(kind, {ip(kind == NatKind::symmetric ? "203.0.113.1" : "203.0.113.2")});
    Call& first = attach(0);
    Call& second = attach(0);
    ASSERT_TRUE(connect(first, kind == NatKind::symmetric ? "10.0.0.2" : "10.0.1.2", nat));
    ASSERT_TRUE(connect(second, kind == NatKind::symmetric ? "10.0.0.3" : "10.0.1.3", nat));
    int seen = second.seen.rtp;
    expect_echo(first);
    EXPECT_EQ(second.seen.rtp, seen);
    expect_echo(second);
  }
}

TEST_F(HostilePeers, a_client_that_lies_about_its_address_gets_nobody_flooded) {
  Call& liar = attach(0);
  call_from(liar, "192.0.2.10");
  uint64_t to_victim = 0;
  count_to(ip("198.51.100.7"), to_victim);
  for (uint16_t port = 1; port <= 40; ++port) {
    rtc::Candidate candidate = liar.browser->candidate();
    candidate.address = {ip("198.51.100.7"), port};
    tell_candidate(liar, candidate);
  }
  ASSERT_TRUE(world_.run_until([&] { return liar.browser->connected; }, 10s));
  send_frames(liar, 500);
  // RFC 8445 section 19.5.1: a check for each, a few times; and nothing else.
  EXPECT_LE(to_victim, 40u * 7 * 150);
  expect_echo(liar);
}

TEST_F(HostilePeers, a_flood_with_wrong_integrity_costs_no_answer_and_no_memory) {
  Call& call = attach(0);
  ASSERT_TRUE(connect(call, "192.0.2.10"));
  uint64_t answered = 0;
  network_.set_tap([&](const SimDatagram& datagram) {
    if (datagram.from == server_address_ && datagram.to != call.browser->address()) answered += datagram.bytes.size();
  });
  size_t packets = shard0_.packets().allocated();
  test::SeededRandom random(9);
  for (int i = 0; i < 3000; ++i) {
    Forged forged{username(call), "not the password at all"};
    forged.use_candidate = true;
    SocketAddress from{IpAddress::v4(0xcb007100u + static_cast<uint32_t>(i % 256)), static_cast<uint16_t>(1024 + i)};
    inject(from, make_request(random, forged));
  }
  EXPECT_EQ(answered, 0u);
  EXPECT_LE(shard0_.packets().allocated(), packets + 64);
  EXPECT_EQ(shard0_.packets().free_count() + 64, shard0_.packets().allocated() + 64);
  EXPECT_EQ(plane_.host(0).counters().demux.contested_flow, 0u);
  expect_echo(call);
}

TEST_F(HostilePeers, strangers_get_no_answer_to_anything) {
  Call& call = attach(0);
  ASSERT_TRUE(connect(call, "192.0.2.10"));
  const SocketAddress stranger = endpoint("203.0.113.9:4000");
  uint64_t answered = 0;
  count_to(stranger.ip, answered);
  test::SeededRandom random(10);
  std::vector<uint8_t> hello(200, 0);
  hello[0] = 22;  // a DTLS handshake record
  hello[1] = 0xfe;
  hello[2] = 0xfd;
  std::vector<uint8_t> media(200, 0x80);
  inject(stranger, hello);
  inject(stranger, media);
  inject(stranger, make_request(random, {"nobody:here", "x"}));
  inject(stranger, make_request(random, {username(call), "", false}));
  world_.run_for(5s);
  EXPECT_EQ(answered, 0u);
}

TEST_F(HostilePeers, a_forged_source_address_neither_hears_nor_speaks) {
  Call& call = attach(0);
  ASSERT_TRUE(connect(call, "192.0.2.10"));
  int before = call.seen.rtp;
  // Media that pretends to be the browser's, without its keys.
  std::vector<uint8_t> media(200, 0x80);
  media[1] = 96;
  for (int i = 0; i < 200; ++i) {
    media[3] = static_cast<uint8_t>(i);
    inject(call.browser->address(), media);
  }
  EXPECT_EQ(call.seen.rtp, before);
  // An unencrypted close_notify ends nothing.
  inject(call.browser->address(), std::vector<uint8_t>{21, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 0, 1, 0, 2, 1, 0});
  EXPECT_EQ(call.count<rtc::Closed>(), 0);
  expect_echo(call);
}

TEST_F(HostilePeers, a_second_call_cannot_take_the_flow_of_the_first) {
  Call& victim = attach(0);
  ASSERT_TRUE(connect(victim, "192.0.2.10"));
  Call& thief = attach(0);
  ASSERT_TRUE(connect(thief, "192.0.2.20"));
  test::SeededRandom random(11);
  // The thief's own credentials, and the victim's address and port.
  for (int i = 0; i < 50; ++i) {
    Forged forged{username(thief), thief.config.ice.local.pwd};
    forged.use_candidate = true;
    inject(victim.browser->address(), make_request(random, forged));
    world_.run_for(100ms);
  }
  EXPECT_GE(plane_.host(0).counters().demux.contested_flow, 50u);
  int stolen = thief.seen.rtp;
  expect_echo(victim);
  EXPECT_EQ(thief.seen.rtp, stolen);
  expect_echo(thief);
}

TEST_F(HostilePeers, an_authenticated_request_from_a_forged_address_moves_no_media_there) {
  Call& call = attach(0);
  ASSERT_TRUE(connect(call, "192.0.2.10"));
  const SocketAddress victim = endpoint("198.51.100.7:7");
  uint64_t to_victim = 0, forged_bytes = 0;
  count_to(victim.ip, to_victim);
  test::SeededRandom random(12);
  Forged forged{username(call), call.config.ice.local.pwd};
  forged.use_candidate = true;
  forged.priority = 0x7effffff;
  for (int i = 0; i < 20; ++i) {
    auto request = make_request(random, forged);
    forged_bytes += request.size();
    inject(victim, request);
    send_frames(call, 10);
  }
  // An answer each, and one check with its repetitions (RFC 8489 section 6.2.1): never media.
  EXPECT_LE(to_victim, forged_bytes + 20 * 8 * 150);
  expect_echo(call);
}

}  // namespace
}  // namespace limen::core
