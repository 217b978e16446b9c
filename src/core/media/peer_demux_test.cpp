#include "core/media/peer_demux.hpp"

#include <gtest/gtest.h>

#include "wire/stun/stun_writer.hpp"

namespace limen::core {
namespace {

using namespace std::chrono_literals;

Instant at(Duration since) {
  return Instant(1h + since);
}
Flow flow(uint16_t port, SocketId socket = 0) {
  return {socket, {IpAddress::v4(0xc0000201), port}};
}

class Demux : public testing::Test {
 protected:
  Bytes stun(stun::MessageClass message_class, std::string_view username, uint32_t tag) {
    stun::TransactionId id{};
    store_u32(id.data(), tag);
    stun::MessageWriter writer(buffer_, message_class, stun::Method::binding, id);
    if (!username.empty()) writer.add_text(stun::AttributeType::username, username);
    writer.add_fingerprint();
    return writer.finish();
  }
  Bytes request(std::string_view username) { return stun(stun::MessageClass::request, username, 1); }
  Bytes response(uint32_t tag) { return stun(stun::MessageClass::success, {}, tag); }
  int slot_of(const Flow& from, Bytes datagram) {
    auto match = demux_.find(from, datagram);
    return match ? static_cast<int>(match->slot) : -1;
  }

  PeerDemux demux_;
  std::array<uint8_t, 400> buffer_;
  const std::array<uint8_t, 20> rtp_{0x80, 0x60};
};

TEST_F(Demux, a_request_finds_its_peer_by_ufrag) {
  EXPECT_TRUE(demux_.set_names(3, "localfrag", 30));
  EXPECT_TRUE(demux_.set_names(4, "otherfrag", 40));
  EXPECT_EQ(slot_of(flow(1), request("localfrag:theirs")), 3);
  EXPECT_EQ(slot_of(flow(1), request("otherfrag:theirs")), 4);
  EXPECT_EQ(slot_of(flow(1), request("localfra:theirs")), -1);
  EXPECT_EQ(slot_of(flow(1), request("")), -1);
  EXPECT_EQ(slot_of(flow(1), request(":")), -1);
  EXPECT_EQ(demux_.counters().by_ufrag, 2u);
  EXPECT_EQ(demux_.counters().unknown_stun, 3u);
}

TEST_F(Demux, a_response_finds_its_peer_by_transaction) {
  demux_.set_names(3, "localfrag", 0xabcdef01);
  EXPECT_EQ(slot_of(flow(1), response(0xabcdef01)), 3);
  EXPECT_EQ(slot_of(flow(1), stun(stun::MessageClass::error, {}, 0xabcdef01)), 3);
  EXPECT_EQ(slot_of(flow(1), response(0xabcdef02)), -1);
}

TEST_F(Demux, media_needs_an_authenticated_flow) {
  demux_.set_names(3, "localfrag", 30);
  EXPECT_EQ(slot_of(flow(1), rtp_), -1);
  EXPECT_TRUE(demux_.bind(3, flow(1), at(0s)));
  auto match = demux_.find(flow(1), rtp_);
  ASSERT_TRUE(match);
  EXPECT_EQ(match->slot, 3u);
  EXPECT_FALSE(match->stun);
  EXPECT_EQ(slot_of(flow(1, 1), rtp_), -1) << "another local socket is another flow";
  EXPECT_EQ(slot_of(flow(2), rtp_), -1);
  EXPECT_EQ(demux_.counters().unknown_datagram, 3u);
}

TEST_F(Demux, a_flow_of_a_living_peer_cannot_be_taken) {
  demux_.set_names(3, "victim", 30);
  demux_.set_names(4, "attacker", 40);
  ASSERT_TRUE(demux_.bind(3, flow(1), at(0s)));
  EXPECT_FALSE(demux_.bind(4, flow(1), at(5s)));
  EXPECT_EQ(slot_of(flow(1), rtp_), 3);
  ASSERT_TRUE(demux_.bind(3, flow(1), at(15s)));
  EXPECT_FALSE(demux_.bind(4, flow(1), at(30s)));
  EXPECT_EQ(demux_.counters().contested_flow, 2u);
}

TEST_F(Demux, a_flow_whose_peer_fell_silent_can_be_used_again) {
  demux_.set_names(3, "old", 30);
  demux_.set_names(4, "new", 40);
  ASSERT_TRUE(demux_.bind(3, flow(1), at(0s)));
  EXPECT_TRUE(demux_.bind(4, flow(1), at(PeerDemux::kFlowQuiet)));
  EXPECT_EQ(slot_of(flow(1), rtp_), 4);
  demux_.remove(3);
  EXPECT_EQ(slot_of(flow(1), rtp_), 4) << "the old owner's end must not take it along";
}

TEST_F(Demux, an_ice_restart_renames_the_peer_and_keeps_its_flows) {
  demux_.set_names(3, "before", 30);
  demux_.bind(3, flow(1), at(0s));
  EXPECT_TRUE(demux_.set_names(3, "after", 31));
  EXPECT_EQ(slot_of(flow(2), request("after:x")), 3);
  EXPECT_EQ(slot_of(flow(2), request("before:x")), -1);
  EXPECT_EQ(slot_of(flow(1), request("before:x")), 3) << "consent checks on the old credentials reach it by flow";
  EXPECT_EQ(slot_of(flow(2), response(30)), -1);
  EXPECT_EQ(slot_of(flow(2), response(31)), 3);
  EXPECT_EQ(slot_of(flow(1), rtp_), 3);
}

TEST_F(Demux, a_taken_ufrag_is_refused_and_stays_with_its_owner) {
  ASSERT_TRUE(demux_.set_names(3, "same", 30));
  EXPECT_FALSE(demux_.set_names(4, "same", 40));
  demux_.remove(4);
  EXPECT_EQ(slot_of(flow(1), request("same:x")), 3);
}

TEST_F(Demux, a_taken_transaction_tag_stays_with_its_owner) {
  ASSERT_TRUE(demux_.set_names(3, "a", 30));
  ASSERT_TRUE(demux_.set_names(4, "b", 30));
  EXPECT_EQ(slot_of(flow(1), response(30)), 3);
  demux_.remove(4);
  EXPECT_EQ(slot_of(flow(1), response(30)), 3);
}

TEST_F(Demux, a_removed_peer_leaves_nothing_behind) {
  demux_.set_names(3, "gone", 30);
  demux_.bind(3, flow(1), at(0s));
  demux_.remove(3);
  demux_.remove(77);
  EXPECT_EQ(slot_of(flow(1), rtp_), -1);
  EXPECT_EQ(slot_of(flow(1), request("gone:x")), -1);
  EXPECT_EQ(slot_of(flow(1), response(30)), -1);
  EXPECT_EQ(demux_.flows(), 0u);
}

TEST_F(Demux, a_peers_flows_are_bounded_and_the_quietest_goes) {
  demux_.set_names(3, "roamer", 30);
  for (uint16_t i = 0; i < PeerDemux::kMaxFlowsPerPeer; ++i) demux_.bind(3, flow(i), at(i * 1s));
  demux_.bind(3, flow(0), at(100s));
  demux_.bind(3, flow(1000), at(101s));
  EXPECT_EQ(demux_.flows(), PeerDemux::kMaxFlowsPerPeer);
  EXPECT_EQ(slot_of(flow(1), rtp_), -1);
  EXPECT_EQ(slot_of(flow(0), rtp_), 3);
  EXPECT_EQ(slot_of(flow(1000), rtp_), 3);
  EXPECT_EQ(demux_.counters().evicted_flow, 1u);
}

TEST_F(Demux, a_flood_of_strangers_allocates_no_entries) {
  for (uint16_t i = 0; i < 5000; ++i) {
    slot_of(flow(i), rtp_);
    slot_of(flow(i), request("nobody:x"));
  }
  EXPECT_EQ(demux_.flows(), 0u);
  EXPECT_EQ(demux_.counters().unknown_datagram, 5000u);
  EXPECT_EQ(demux_.counters().unknown_stun, 5000u);
}

TEST_F(Demux, broken_stun_reaches_nobody_but_the_flows_owner) {
  demux_.set_names(3, "frag", 30);
  Bytes good = request("frag:x");
  std::vector<uint8_t> cut(good.begin(), good.end() - 3);
  EXPECT_EQ(slot_of(flow(1), cut), -1);
  EXPECT_EQ(slot_of(flow(1), {}), -1);
  demux_.bind(3, flow(1), at(0s));
  EXPECT_EQ(slot_of(flow(1), cut), 3);
}

}  // namespace
}  // namespace limen::core
