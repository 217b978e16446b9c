// The Nanomsg transport with real pairs, before a core played by the test.
#include "transports/nanomsg/nanomsg_transport.hpp"

#include <gtest/gtest.h>
#include <nanomsg/nn.h>
#include <nanomsg/pair.h>

#include "tests/support/transport_bench.hpp"

namespace limen {
namespace {

class PairPeer {
 public:
  explicit PairPeer(const std::string& address, bool bind = false) : socket_(nn_socket(AF_SP, NN_PAIR)) {
    EXPECT_GE(bind ? nn_bind(socket_, address.c_str()) : nn_connect(socket_, address.c_str()), 0);
  }
  ~PairPeer() { nn_close(socket_); }
  PairPeer(const PairPeer&) = delete;
  PairPeer& operator=(const PairPeer&) = delete;

  bool send(const std::string& message) { return nn_send(socket_, message.data(), message.size(), NN_DONTWAIT) >= 0; }
  bool receive() {
    char room[70'000];
    int size = nn_recv(socket_, room, sizeof room, NN_DONTWAIT);
    if (size >= 0) text.assign(room, static_cast<size_t>(size));
    return size >= 0;
  }
  std::string text;

 private:
  int socket_;
};

class NanomsgTransport : public testing::Test {
 protected:
  void start(const std::string& mode = "bind") {
    bench_.write_file("janus.transport.nanomsg.jcfg",
                      fmt::format("general: {{ enabled = true; mode = \"{0}\"; address = \"{1}\" }}\n"
                                  "admin: {{ admin_enabled = true; admin_mode = \"{0}\"; admin_address = \"{2}\" }}\n",
                                  mode, address_, admin_address_));
    bench_.transport = make_nanomsg_transport();
    auto started = bench_.transport->start(bench_);
    ASSERT_TRUE(started) << started.error().text;
  }
  std::string ask(PairPeer& peer, const std::string& message) {
    EXPECT_TRUE(bench_.run_until([&] { return peer.send(message); }));
    return next(peer);
  }
  std::string next(PairPeer& peer) {
    return bench_.run_until([&] { return peer.receive(); }) ? peer.text : "nothing";
  }

  test::TransportBench bench_;
  std::string address_ = "ipc://" + bench_.path("api.ipc"), admin_address_ = "ipc://" + bench_.path("admin.ipc");
};

TEST_F(NanomsgTransport, answers_the_peer_of_each_api) {
  start();
  PairPeer api(address_), admin(admin_address_);
  EXPECT_EQ(ask(api, R"({"janus":"ping","transaction":"a"})"), R"({"janus":"pong","transaction":"a"})");
  EXPECT_EQ(ask(admin, R"({"janus":"ping","transaction":"b"})"), R"({"janus":"pong","transaction":"b"})");
  EXPECT_EQ(bench_.core.admin_flags, (std::vector<bool>{false, true}));
  EXPECT_EQ(ask(api, "{"), R"({"janus":"error","error":{"code":454}})");
  ASSERT_EQ(bench_.core.events.size(), 2u);
  EXPECT_EQ(bench_.core.events[1].second.at("event"), "created");
  EXPECT_TRUE(bench_.core.events[1].second.at("admin_api").get_bool());
  EXPECT_FALSE(bench_.core.clients.at(0)->connection_oriented());
}

TEST_F(NanomsgTransport, connects_to_a_peer_that_comes_later_and_again) {
  start("connect");
  for (int round = 0; round < 2; ++round) {
    PairPeer peer(address_, true);
    EXPECT_EQ(ask(peer, R"({"janus":"ping","transaction":1})"), R"({"janus":"pong","transaction":1})");
  }
}

TEST_F(NanomsgTransport, what_is_said_while_nobody_listens_waits_for_the_next_peer) {
  start();
  {
    PairPeer peer(address_);
    ask(peer, R"({"janus":"create"})");
  }
  // The pair notices that its peer has gone; from then on messages wait.
  auto end = std::chrono::steady_clock::now() + std::chrono::milliseconds(50);
  bench_.run_until([&] { return std::chrono::steady_clock::now() > end; });
  for (int n = 0; n < 20; ++n) bench_.core.push(SessionId(1000), JsonObject{{"n", n}});
  PairPeer peer(address_);
  for (int n = 0; n < 20; ++n) EXPECT_EQ(next(peer), fmt::format("{{\"n\":{}}}", n));
}

TEST_F(NanomsgTransport, a_request_that_is_too_long_is_not_understood) {
  start();
  PairPeer peer(address_);
  EXPECT_EQ(ask(peer, fmt::format(R"({{"janus":"ping","transaction":"{}"}})", std::string(9000, 'x'))),
            R"({"janus":"error","error":{"code":454}})");
}

TEST_F(NanomsgTransport, an_address_that_cannot_be_used_is_named_and_the_other_api_serves) {
  address_ = "smoke://signals";
  start();
  EXPECT_FALSE(bench_.transport->serves_janus_api());
  EXPECT_TRUE(bench_.transport->serves_admin_api());
}

}  // namespace
}  // namespace limen
