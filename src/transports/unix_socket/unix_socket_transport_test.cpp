// The Unix socket transport on real sockets, before a core played by the test.
#include "transports/unix_socket/unix_socket_transport.hpp"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "tests/support/transport_bench.hpp"

namespace limen {
namespace {

using namespace std::chrono_literals;

sockaddr_un address(const std::string& path) {
  sockaddr_un where{};
  where.sun_family = AF_UNIX;
  path.copy(where.sun_path, sizeof where.sun_path - 1);
  return where;
}

class PacketClient {
 public:
  PacketClient(int type, const std::string& server, const std::string& own = "")
      : fd_(socket(AF_UNIX, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)) {
    if (!own.empty()) {
      sockaddr_un mine = address(own);
      EXPECT_EQ(bind(fd_, reinterpret_cast<sockaddr*>(&mine), sizeof mine), 0);
    }
    sockaddr_un where = address(server);
    connected = connect(fd_, reinterpret_cast<sockaddr*>(&where), sizeof where) == 0;
  }
  ~PacketClient() { ::close(fd_); }
  PacketClient(const PacketClient&) = delete;
  PacketClient& operator=(const PacketClient&) = delete;

  void send(const std::string& message) {
    EXPECT_EQ(::send(fd_, message.data(), message.size(), MSG_NOSIGNAL), static_cast<ssize_t>(message.size()));
  }
  bool receive() {
    std::string room(300'000, '\0');
    ssize_t size = recv(fd_, room.data(), room.size(), 0);
    if (size == 0) ended = true;
    if (size > 0) text = room.substr(0, static_cast<size_t>(size));
    return size >= 0;
  }

  std::string text;
  bool connected = false;
  bool ended = false;

 private:
  int fd_;
};

class UnixSocketTransport : public testing::Test {
 protected:
  void start(const std::string& type) {
    bench_.write_file("janus.transport.pfunix.jcfg",
                      fmt::format("general: {{ enabled = true; path = \"{}\"; type = \"{}\" }}\n"
                                  "admin: {{ admin_enabled = true; admin_path = \"{}\"; admin_type = \"{}\" }}\n",
                                  path_, type, admin_path_, type));
    bench_.transport = make_unix_socket_transport();
    auto started = bench_.transport->start(bench_);
    ASSERT_TRUE(started) << started.error().text;
  }
  std::string ask(PacketClient& client, const std::string& text) {
    client.send(text);
    return next(client);
  }
  std::string next(PacketClient& client) {
    bool got = bench_.run_until([&] { return client.receive(); });
    return got ? client.text : "nothing";
  }
  int connections() {
    return bench_.transport->on_query(JsonObject{{"request", "connections"}})->at("connections").to_number<int>();
  }

  test::TransportBench bench_;
  std::string path_ = bench_.path("api"), admin_path_ = bench_.path("admin");
};

TEST_F(UnixSocketTransport, packets_are_requests_and_each_connection_is_a_client) {
  start("SOCK_SEQPACKET");
  PacketClient one(SOCK_SEQPACKET, path_), two(SOCK_SEQPACKET, path_);
  EXPECT_EQ(ask(one, R"({"janus":"ping","transaction":"a"})"), R"({"janus":"pong","transaction":"a"})");
  EXPECT_EQ(ask(two, "nonsense"), R"({"janus":"error","error":{"code":454}})");
  EXPECT_EQ(ask(two, R"({"janus":"ping","transaction":"b"})"), R"({"janus":"pong","transaction":"b"})");
  EXPECT_NE(bench_.core.clients.at(0)->id(), bench_.core.clients.at(1)->id());
  EXPECT_EQ(connections(), 2);
  ASSERT_EQ(bench_.core.events.size(), 2u);
  EXPECT_EQ(bench_.core.events[0].second.at("event"), "connected");
  EXPECT_TRUE(bench_.core.events[0].second.at("fd").is_int64());
}

TEST_F(UnixSocketTransport, the_admin_socket_speaks_the_admin_api) {
  start("SOCK_SEQPACKET");
  PacketClient admin(SOCK_SEQPACKET, admin_path_);
  EXPECT_EQ(ask(admin, R"({"janus":"ping"})"), R"({"janus":"pong","transaction":null})");
  EXPECT_TRUE(bench_.core.admin_flags.at(0));
  EXPECT_TRUE(bench_.transport->serves_admin_api());
}

TEST_F(UnixSocketTransport, a_packet_that_is_too_large_is_dropped_and_the_next_is_served) {
  start("SOCK_SEQPACKET");
  PacketClient client(SOCK_SEQPACKET, path_);
  std::string just_fits = R"({"janus":"ping","transaction":")";
  just_fits += std::string(8192 - just_fits.size() - 2, 'x') + "\"}";
  client.send(just_fits + " ");
  EXPECT_EQ(ask(client, just_fits).size(), just_fits.size());
  EXPECT_EQ(bench_.core.requests.size(), 1u);
}

TEST_F(UnixSocketTransport, a_hang_up_is_told_once) {
  start("SOCK_SEQPACKET");
  {
    PacketClient client(SOCK_SEQPACKET, path_);
    ask(client, R"({"janus":"create"})");
  }
  ASSERT_TRUE(bench_.run_until([&] { return !bench_.core.gone.empty(); }));
  EXPECT_EQ(bench_.core.events.back().second.at("event"), "disconnected");
  EXPECT_EQ(connections(), 0);
}

TEST_F(UnixSocketTransport, a_session_timeout_closes_the_connection_after_its_last_event) {
  start("SOCK_SEQPACKET");
  PacketClient client(SOCK_SEQPACKET, path_);
  ask(client, R"({"janus":"create"})");
  bench_.core.push(SessionId(1000), JsonObject{{"janus", "timeout"}});
  bench_.core.end_session(SessionId(1000), true);
  EXPECT_EQ(next(client), R"({"janus":"timeout"})");
  EXPECT_TRUE(bench_.run_until([&] {
    client.receive();
    return client.ended;
  }));
}

TEST_F(UnixSocketTransport, a_client_that_does_not_read_loses_its_connection_not_the_server) {
  start("SOCK_SEQPACKET");
  PacketClient slow(SOCK_SEQPACKET, path_);
  ask(slow, R"({"janus":"create"})");
  JsonObject event{{"data", std::string(50'000, 'x')}};
  for (int n = 0; n < 300 && bench_.core.gone.empty(); ++n) {
    bench_.core.push(SessionId(1000), event);
    bench_.settle();
  }
  EXPECT_TRUE(bench_.run_until([&] { return !bench_.core.gone.empty(); }));
  PacketClient other(SOCK_SEQPACKET, path_);
  EXPECT_EQ(ask(other, R"({"janus":"ping"})"), R"({"janus":"pong","transaction":null})");
}

TEST_F(UnixSocketTransport, datagrams_are_answered_to_the_path_they_came_from) {
  start("SOCK_DGRAM");
  PacketClient one(SOCK_DGRAM, path_, bench_.path("one")), two(SOCK_DGRAM, path_, bench_.path("two"));
  PacketClient nobody(SOCK_DGRAM, path_);
  nobody.send(R"({"janus":"ping","transaction":"lost"})");
  EXPECT_EQ(ask(one, R"({"janus":"create","transaction":1})"),
            R"({"janus":"success","transaction":1,"data":{"id":1000}})");
  EXPECT_EQ(ask(two, R"({"janus":"ping","transaction":2})"), R"({"janus":"pong","transaction":2})");
  bench_.core.push(SessionId(1000), JsonObject{{"n", 1}});
  EXPECT_EQ(next(one), R"({"n":1})");
  EXPECT_EQ(bench_.core.requests.size(), 2u);
  EXPECT_EQ(bench_.core.events.at(0).second.at("type"), "SOCK_DGRAM");
  EXPECT_FALSE(bench_.core.clients.at(0)->connection_oriented());
}

TEST_F(UnixSocketTransport, datagrams_that_find_no_room_are_sent_again) {
  start("SOCK_DGRAM");
  PacketClient client(SOCK_DGRAM, path_, bench_.path("one"));
  ask(client, R"({"janus":"create"})");
  for (int n = 0; n < 200; ++n) bench_.core.push(SessionId(1000), JsonObject{{"n", n}});
  for (int n = 0; n < 200; ++n) {
    ASSERT_TRUE(bench_.run_until([&] {
      bench_.advance(1ms);
      return client.receive();
    }));
    EXPECT_EQ(client.text, fmt::format("{{\"n\":{}}}", n));
  }
}

TEST_F(UnixSocketTransport, sockets_left_behind_are_replaced_and_removed_at_the_end) {
  start("SOCK_SEQPACKET");
  auto second = make_unix_socket_transport();
  auto refused = second->start(bench_);
  EXPECT_FALSE(refused);
  PacketClient client(SOCK_SEQPACKET, path_);
  EXPECT_TRUE(client.connected);
  bench_.transport->stop();
  EXPECT_NE(access(path_.c_str(), F_OK), 0);
  bench_.write_file("api", "not a socket");
  auto third = make_unix_socket_transport();
  EXPECT_TRUE(third->start(bench_));  // the admin socket opens
  EXPECT_FALSE(third->serves_janus_api());
}

TEST_F(UnixSocketTransport, not_enabled_is_no_mistake) {
  bench_.write_file("janus.transport.pfunix.jcfg", "general: { enabled = false }");
  auto off = make_unix_socket_transport()->start(bench_);
  ASSERT_FALSE(off);
  EXPECT_EQ(off.error().text, "");
}

}  // namespace
}  // namespace limen
