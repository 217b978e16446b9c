// RelaySet alone: what it tells its listener, and what passes through a simulated TURN server.
#include "core/media/relay_set.hpp"

#include <gtest/gtest.h>

#include "tests/support/sim_executor.hpp"
#include "tests/support/sim_network.hpp"
#include "tests/support/sim_shard.hpp"
#include "tests/support/sim_turn_server.hpp"

namespace limen::core {
namespace {

using namespace std::chrono_literals;
using limen::test::endpoint;

class RelaySetTest : public testing::Test, public RelayListener {
 protected:
  RelaySetTest()
      : network_(clock_, 3),
        world_(clock_, 4),
        host_(network_.add_host("server", {limen::test::ip("192.0.2.1")})),
        shard_(world_, network_, host_, {endpoint("192.0.2.1:7000")}, 10),
        turn_(network_, clock_, endpoint("198.18.0.2:3478")),
        peer_host_(network_.add_host("peer", {limen::test::ip("192.0.2.9")})),
        random_(5),
        relays_(shard_, shard_.packets(), random_, &shard_, nullptr, *this) {
    world_.attach(network_);
    network_.set_link(host_, {.latency = 10ms});
    peer_ = network_.bind(peer_host_, endpoint("192.0.2.9:9000"), [this](const limen::test::SimDatagram& datagram) {
      at_peer_.emplace_back(as_text(datagram.bytes));
      network_.send(peer_, datagram.from, as_bytes("answer"));
    });
  }
  ~RelaySetTest() override { settle(); }

  rtc::RelayServer server() {
    rtc::RelayServer server;
    server.address = turn_.address();
    server.user = "user";
    server.password = "secret";
    return server;
  }
  void on_shard(Task task) {
    shard_.post(std::move(task));
    settle();
  }
  void settle(Duration duration = 1ms) { world_.run_for(duration); }
  void open(uint64_t owner, std::vector<rtc::RelayServer> servers) {
    on_shard([this, owner, servers = std::move(servers)] { relays_.open(PeerId(owner), servers); });
  }

  void on_relay(PeerId owner, const rtc::LocalBase& base) override { found_.emplace_back(owner, base); }
  void on_relays_done(PeerId owner) override { done_.push_back(owner); }
  void on_relay_lost(PeerId, SocketId socket) override { lost_.push_back(socket); }
  void on_relay_failed(PeerId, const std::string&, const std::string& why, bool) override { failed_.push_back(why); }
  void on_relayed(const Flow& from, Packet packet, Instant) override {
    relayed_.emplace_back(from, std::string(as_text(packet.bytes())));
  }

  limen::test::VirtualClock clock_;
  limen::test::SimNetwork network_;
  limen::test::SimScheduler world_;
  limen::test::HostId host_;
  limen::test::SimShard shard_;
  limen::test::SimTurnServer turn_;
  limen::test::HostId peer_host_;
  limen::test::SimSocketId peer_;
  limen::test::SeededRandom random_;
  TxQueue tx_;
  std::vector<std::pair<PeerId, rtc::LocalBase>> found_;
  std::vector<PeerId> done_;
  std::vector<SocketId> lost_;
  std::vector<std::string> failed_, at_peer_;
  std::vector<std::pair<Flow, std::string>> relayed_;
  RelaySet relays_;
};

TEST_F(RelaySetTest, what_is_written_for_a_relay_passes_and_nothing_else_is_touched) {
  open(1, {server()});
  settle(1s);
  ASSERT_EQ(found_.size(), 1U);
  ASSERT_EQ(done_.size(), 1U);
  EXPECT_TRUE(is_relay(found_[0].second.socket));
  Flow to_peer{found_[0].second.socket, endpoint("192.0.2.9:9000")};
  for (int i = 0; i < 5; ++i) {
    tx_.push({0, endpoint("192.0.2.9:9000")}, as_bytes("direct"));
    tx_.push(to_peer, as_bytes("\x80 relayed"));
    on_shard([this] { relays_.take_out(tx_); });
    ASSERT_EQ(tx_.slots().size(), 1U);
    EXPECT_EQ(as_text(tx_.bytes(tx_.slots()[0])), "direct");
    tx_.clear();
    settle(100ms);
  }
  EXPECT_EQ(at_peer_, std::vector<std::string>(5, "\x80 relayed"));
  ASSERT_EQ(relayed_.size(), 5U);
  EXPECT_EQ(relayed_[0].first, to_peer);
  EXPECT_EQ(relayed_[0].second, "answer");
  EXPECT_GT(turn_.counts().channel_data_in, 0U);
}

TEST_F(RelaySetTest, closing_gives_the_allocation_and_the_port_back) {
  open(1, {server()});
  open(2, {server()});
  settle(1s);
  EXPECT_EQ(turn_.allocations(), 2U);
  EXPECT_EQ(shard_.open_ports(), 2U);
  on_shard([this] { relays_.close(PeerId(1)); });
  settle(1s);
  EXPECT_EQ(turn_.allocations(), 1U);
  EXPECT_EQ(shard_.open_ports(), 1U);
  EXPECT_TRUE(failed_.empty() && lost_.empty());
  on_shard([this] { relays_.close(PeerId(2)); });
  settle(1s);
  EXPECT_TRUE(relays_.empty());
}

TEST_F(RelaySetTest, without_servers_the_waiting_ends_at_once) {
  open(1, {});
  EXPECT_EQ(done_.size(), 1U);
}

TEST_F(RelaySetTest, the_waiting_ends_with_the_last_of_several) {
  auto wrong = server();
  wrong.password = "guess";
  auto tcp = server();
  tcp.transport = rtc::TurnTransport::tcp;  // which this loop cannot
  open(1, {wrong, tcp, server()});
  settle(1s);
  EXPECT_EQ(found_.size(), 1U);
  EXPECT_EQ(failed_.size(), 2U);
  EXPECT_EQ(done_.size(), 1U);
}

TEST_F(RelaySetTest, too_many_servers_are_refused) {
  open(1, std::vector<rtc::RelayServer>(RelaySet::kMaxPerOwner + 2, server()));
  settle(1s);
  EXPECT_EQ(found_.size(), RelaySet::kMaxPerOwner);
  EXPECT_EQ(failed_.size(), 2U);
  EXPECT_EQ(done_.size(), 1U);
}

TEST_F(RelaySetTest, a_silent_server_is_waited_for_once_and_used_when_it_answers_again) {
  turn_.set_silent(true);
  open(1, {server()});
  settle(4s);
  EXPECT_TRUE(done_.empty());
  settle(1s);
  ASSERT_EQ(done_.size(), 1U);
  turn_.set_silent(false);
  open(2, {server()});
  EXPECT_EQ(done_.size(), 2U) << "not waited for";
  settle(1s);
  ASSERT_EQ(found_.size(), 1U);
  EXPECT_EQ(found_[0].first, PeerId(2));
  EXPECT_EQ(done_.size(), 2U);
  open(3, {server()});
  EXPECT_EQ(done_.size(), 2U) << "it has answered: waited for again";
  settle(1s);
  EXPECT_EQ(done_.size(), 3U);
}

TEST_F(RelaySetTest, a_relay_that_is_lost_is_told_once) {
  open(1, {server()});
  settle(1s);
  turn_.set_silent(true);
  settle(15min);
  EXPECT_EQ(lost_.size(), 1U);
  EXPECT_EQ(failed_.size(), 1U);
  EXPECT_TRUE(relays_.empty());
}

}  // namespace
}  // namespace limen::core
