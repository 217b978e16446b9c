#include "runtime/tcp_connections.hpp"

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <netinet/ip.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include <array>
#include <functional>
#include <string>

#include "runtime/clock.hpp"
#include "runtime/udp_socket.hpp"

namespace limen::runtime {
namespace {

using namespace std::chrono_literals;

constexpr uint32_t kTag = 0x40000000;

// A frame's body that a stranger may begin with.
std::string stun_like(std::string_view text) {
  std::string out("\x00\x01\x00\x00\x21\x12\xa4\x42............", 20);
  return out.append(text);
}

std::string framed(std::string_view text) {
  std::string out{static_cast<char>(text.size() >> 8), static_cast<char>(text.size() & 0xff)};
  return out.append(text);
}

// One shard's connections with an epoll of their own.
class Side {
 public:
  explicit Side(const char* address = "127.0.0.1", TcpLimits limits = {}) : epoll_(epoll_create1(EPOLL_CLOEXEC)) {
    std::vector<TcpListener> listeners;
    auto listener = TcpListener::open({*IpAddress::parse(address)}, 0);
    if (!listener) {
      ADD_FAILURE() << listener.error().error.text;
      abort();
    }
    listeners.push_back(std::move(*listener));
    tcp = std::make_unique<TcpConnections>(epoll_.get(), kTag, std::move(listeners), 46, pool_, limits);
    EXPECT_TRUE(tcp->watch_listeners());
    tcp->set_on_closed([this](const Flow& flow) { closed.push_back(flow); });
  }
  const SocketAddress& local() const { return tcp->listeners()[0].local(); }

  // What is ready within `wait`, once.
  void step(int wait_ms = 10) {
    std::array<epoll_event, 16> events;
    int count = epoll_wait(epoll_.get(), events.data(), 16, wait_ms);
    for (int i = 0; i < count; ++i) {
      tcp->handle_ready(events[static_cast<size_t>(i)].data.u32, events[static_cast<size_t>(i)].events, now,
                        [this](const Flow& from, Packet packet) {
                          froms.push_back(from);
                          texts.emplace_back(as_text(packet.bytes()));
                          if (on_packet) on_packet(from);
                        });
    }
    tcp->flush();
    if (tcp->next_deadline() <= now) tcp->handle_timeout(now);
  }
  void send(const Flow& flow, std::string_view text) {
    tcp->send(flow.socket, flow.remote, as_bytes(text), now);
    tcp->flush();
  }

  Instant now = monotonic_now();
  std::unique_ptr<TcpConnections> tcp;
  std::vector<std::string> texts;
  std::vector<Flow> froms, closed;
  std::function<void(const Flow&)> on_packet;

 private:
  FileDescriptor epoll_;
  PacketPool pool_;
};

// A bound of five seconds for what takes microseconds.
bool wait_for(const std::function<bool()>& done, std::initializer_list<Side*> sides) {
  for (int i = 0; i < 500 && !done(); ++i) {
    for (Side* side : sides) side->step();
  }
  return done();
}

// A client without manners.
class RawClient {
 public:
  explicit RawClient(const SocketAddress& to) : fd_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_storage raw{};
    socklen_t size = to_sockaddr(to, 0, raw);
    EXPECT_EQ(connect(fd_.get(), reinterpret_cast<sockaddr*>(&raw), size), 0);
  }
  void send(std::string_view bytes) {
    EXPECT_EQ(::send(fd_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL), static_cast<ssize_t>(bytes.size()));
  }
  // Whether the other side has ended the connection; reads on to find out.
  bool ended() {
    std::array<char, 4096> bytes;
    ssize_t size = recv(fd_.get(), bytes.data(), bytes.size(), MSG_DONTWAIT);
    if (size > 0) received_ += static_cast<size_t>(size);
    return size == 0 || (size < 0 && errno != EAGAIN);
  }
  size_t received() const { return received_; }

 private:
  FileDescriptor fd_;
  size_t received_ = 0;
};

class TcpConnectionsTest : public testing::TestWithParam<const char*> {};

TEST_P(TcpConnectionsTest, a_datagram_to_an_active_flow_opens_a_connection_that_carries_both_ways) {
  Side a(GetParam()), b(GetParam());
  Flow to_b{kTcpActive, b.local()};
  a.send(to_b, stun_like("hello"));
  a.send(to_b, "second");
  ASSERT_TRUE(wait_for([&] { return b.texts.size() == 2; }, {&a, &b}));
  EXPECT_EQ(b.texts, (std::vector<std::string>{stun_like("hello"), "second"}));
  EXPECT_EQ(b.froms[0].socket, kTcpPassive);
  EXPECT_EQ(b.froms[0].remote.ip, a.local().ip);
  b.send(b.froms[0], stun_like("answer"));
  ASSERT_TRUE(wait_for([&] { return a.texts.size() == 1; }, {&a, &b}));
  EXPECT_EQ(a.froms[0], to_b);
  EXPECT_EQ(a.tcp->stats().opened, 1u);
  EXPECT_EQ(b.tcp->stats().accepted, 1u);
}

INSTANTIATE_TEST_SUITE_P(Families, TcpConnectionsTest, testing::Values("127.0.0.1", "::1"),
                         [](const auto& family) { return family.index == 0 ? "IPv4" : "IPv6"; });

TEST(TcpConnections, a_passive_flow_without_a_connection_gets_nothing) {
  Side a;
  a.send({kTcpPassive, {IpAddress::v4(0x7f000001), 9}}, "x");
  a.send({kTcpActive + 7, {IpAddress::v4(0x7f000001), 9}}, "x");
  EXPECT_EQ(a.tcp->stats().dropped_unconnected, 2u);
  EXPECT_EQ(a.tcp->count(), 0u);
}

TEST(TcpConnections, strangers_that_do_not_begin_with_stun_are_sent_away_at_once) {
  Side a;
  for (const std::string& hello : {std::string("GET / HTTP/1.1\r\n\r\n"), framed("not STUN, but a frame")}) {
    RawClient client(a.local());
    client.send(hello);
    EXPECT_TRUE(wait_for([&] { return client.ended(); }, {&a})) << hello;
    EXPECT_EQ(client.received(), 0u);
  }
  EXPECT_TRUE(a.texts.empty());
  EXPECT_EQ(a.tcp->stats().bad_stream, 2u);
  EXPECT_EQ(a.tcp->count(), 0u);
  EXPECT_EQ(a.tcp->strangers(), 0u);
}

TEST(TcpConnections, a_stranger_has_ten_seconds_and_a_known_one_for_ever) {
  Side a;
  RawClient stranger(a.local()), friendly(a.local());
  friendly.send(framed(stun_like("me")));
  ASSERT_TRUE(wait_for([&] { return a.texts.size() == 1 && a.tcp->count() == 2; }, {&a}));
  a.tcp->known(a.froms[0]);
  EXPECT_EQ(a.tcp->strangers(), 1u);
  a.now += 9s;
  a.step();
  EXPECT_EQ(a.tcp->count(), 2u);
  a.now += 2s;
  ASSERT_TRUE(wait_for([&] { return a.tcp->count() == 1; }, {&a}));
  EXPECT_TRUE(stranger.ended());
  EXPECT_EQ(a.tcp->stats().timed_out, 1u);
  a.now += 3600s;
  a.step();
  EXPECT_FALSE(friendly.ended());
  EXPECT_EQ(a.tcp->count(), 1u);
  EXPECT_TRUE(a.closed.empty());
}

TEST(TcpConnections, an_address_may_have_so_many_strangers) {
  Side a("127.0.0.1", {.strangers_per_address = 3});
  std::vector<std::unique_ptr<RawClient>> clients;
  for (int i = 0; i < 5; ++i) clients.push_back(std::make_unique<RawClient>(a.local()));
  ASSERT_TRUE(wait_for([&] { return a.tcp->stats().refused_address == 2; }, {&a}));
  EXPECT_EQ(a.tcp->count(), 3u);
  EXPECT_TRUE(clients[4]->ended());
  EXPECT_FALSE(clients[0]->ended());
}

TEST(TcpConnections, the_oldest_stranger_makes_room_and_those_with_owners_stay) {
  Side a("127.0.0.1", {.strangers = 2});
  RawClient owner(a.local());
  owner.send(framed(stun_like("me")));
  ASSERT_TRUE(wait_for([&] { return a.texts.size() == 1; }, {&a}));
  a.tcp->known(a.froms[0]);
  std::vector<std::unique_ptr<RawClient>> strangers;
  for (int i = 0; i < 4; ++i) {
    strangers.push_back(std::make_unique<RawClient>(a.local()));
    ASSERT_TRUE(wait_for([&] { return a.tcp->stats().accepted == static_cast<uint64_t>(2 + i); }, {&a}));
  }
  EXPECT_EQ(a.tcp->stats().evicted, 2u);
  EXPECT_EQ(a.tcp->count(), 3u);
  EXPECT_TRUE(strangers[0]->ended() && strangers[1]->ended());
  EXPECT_FALSE(strangers[2]->ended() || strangers[3]->ended() || owner.ended());
}

TEST(TcpConnections, a_reader_that_does_not_read_costs_bounded_memory_and_whole_frames) {
  Side a("127.0.0.1", {.queue_bytes = 20000});
  RawClient slow(a.local());
  slow.send(framed(stun_like("me")));
  ASSERT_TRUE(wait_for([&] { return a.texts.size() == 1; }, {&a}));
  a.tcp->known(a.froms[0]);
  std::string frame(1000, 'x');
  size_t sent = 0;
  for (; a.tcp->stats().dropped_full == 0 && sent < 100'000; ++sent) a.send(a.froms[0], frame);
  ASSERT_GT(a.tcp->stats().dropped_full, 0u);
  // What was taken arrives whole once it is read.
  size_t expected = (sent - 1) * (frame.size() + kFrameHeader);
  ASSERT_TRUE(wait_for(
      [&] {
        while (!slow.ended() && slow.received() < expected && errno != EAGAIN) continue;
        return slow.received() >= expected;
      },
      {&a}));
  EXPECT_EQ(slow.received(), expected);
}

TEST(TcpConnections, an_owner_is_told_of_the_end_unless_it_ended_it) {
  Side a;
  auto first = std::make_unique<RawClient>(a.local());
  RawClient second(a.local());
  first->send(framed(stun_like("first")));
  second.send(framed(stun_like("second")));
  ASSERT_TRUE(wait_for([&] { return a.texts.size() == 2; }, {&a}));
  Flow flows[2] = {a.froms[0], a.froms[1]};
  if (a.texts[0] != stun_like("first")) std::swap(flows[0], flows[1]);
  a.tcp->known(flows[0]);
  a.tcp->known(flows[1]);
  a.tcp->send(flows[1].socket, flows[1].remote, as_bytes("goodbye"), a.now);
  a.tcp->close(flows[1], a.now);
  ASSERT_TRUE(wait_for([&] { return second.ended(); }, {&a}));
  EXPECT_EQ(second.received(), kFrameHeader + 7) << "what waited was still written";
  EXPECT_TRUE(a.closed.empty());
  first.reset();
  ASSERT_TRUE(wait_for([&] { return !a.closed.empty(); }, {&a}));
  EXPECT_EQ(a.closed, (std::vector<Flow>{flows[0]}));
  EXPECT_EQ(a.tcp->count(), 0u);
}

TEST(TcpConnections, a_sink_may_close_the_connection_it_is_fed_from) {
  Side a;
  RawClient client(a.local());
  a.on_packet = [&](const Flow& from) {
    a.tcp->close(from, a.now);
    a.tcp->flush();
  };
  client.send(framed(stun_like("one")) + framed("two"));
  ASSERT_TRUE(wait_for([&] { return client.ended(); }, {&a}));
  EXPECT_EQ(a.tcp->count(), 0u);
}

TEST(TcpConnections, a_connection_that_is_refused_ends_without_a_word) {
  SocketAddress nobody;
  {
    Side gone;
    nobody = gone.local();
  }
  Side a;
  a.send({kTcpActive, nobody}, stun_like("hello"));
  ASSERT_TRUE(wait_for([&] { return a.tcp->count() == 0; }, {&a}));
  EXPECT_TRUE(a.closed.empty());
  EXPECT_EQ(a.tcp->strangers(), 0u);
}

TEST(TcpConnections, connections_carry_the_configured_dscp) {
  Side a;
  RawClient client(a.local());
  client.send(framed(stun_like("me")));
  ASSERT_TRUE(wait_for([&] { return a.texts.size() == 1; }, {&a}));
  int tos = 0;
  socklen_t size = sizeof tos;
  ASSERT_EQ(getsockopt(a.tcp->descriptor(a.froms[0]), IPPROTO_IP, IP_TOS, &tos, &size), 0);
  EXPECT_EQ(tos, 46 << 2);
}

// Two shards; what begins with "b" is the second one's.
struct TwoShards {
  Side a, b;
  int given = 0;
  TwoShards() {
    auto route = [](Bytes first) -> std::optional<uint32_t> {
      return first.size() > 20 && first[20] == 'b' ? std::optional<uint32_t>(1) : std::nullopt;
    };
    a.tcp->set_route(route, [this](uint32_t shard, FileDescriptor fd, const Flow& flow) {
      EXPECT_EQ(shard, 1u);
      ++given;
      b.tcp->adopt(std::move(fd), flow, b.now);
    });
  }
  void run_until(const std::function<bool()>& done) {
    for (int i = 0; i < 300 && !done(); ++i) {
      a.step(5);
      b.step(5);
    }
    EXPECT_TRUE(done());
  }
};

TEST(TcpConnections, a_stranger_of_another_shard_is_handed_over_whole) {
  TwoShards shards;
  RawClient caller(shards.a.local());
  caller.send(framed(stun_like("b1")) + framed(stun_like("b2")) + framed("media"));
  shards.run_until([&] { return shards.b.texts.size() == 3; });
  EXPECT_EQ(shards.b.texts[0], stun_like("b1"));
  EXPECT_EQ(shards.b.texts[2], "media");
  EXPECT_TRUE(shards.a.texts.empty());
  EXPECT_EQ(shards.a.tcp->count(), 0u);
  EXPECT_EQ(shards.a.tcp->strangers(), 0u);
  EXPECT_EQ(shards.b.tcp->count(), 1u);
  shards.b.send(shards.b.froms[0], "answer");
  shards.run_until([&] { return !caller.ended() && caller.received() == framed("answer").size(); });
}

TEST(TcpConnections, a_stranger_of_this_shard_or_of_none_stays) {
  TwoShards shards;
  RawClient caller(shards.a.local());
  caller.send(framed(stun_like("a1")) + framed(stun_like("b2")));
  shards.run_until([&] { return shards.a.texts.size() == 2; });
  EXPECT_EQ(shards.given, 0);
}

TEST(TcpConnections, a_first_frame_in_pieces_is_waited_for_without_being_read) {
  TwoShards shards;
  RawClient caller(shards.a.local());
  std::string whole = framed(stun_like("b"));
  for (size_t part : {size_t{1}, size_t{5}}) {
    caller.send(whole.substr(0, part));
    whole.erase(0, part);
    for (int i = 0; i < 4; ++i) shards.a.step(5);
    EXPECT_EQ(shards.given, 0);
    EXPECT_EQ(shards.a.tcp->count(), 1u);
  }
  caller.send(whole);
  shards.run_until([&] { return shards.b.texts.size() == 1; });
  EXPECT_EQ(shards.b.texts[0], stun_like("b"));

  // Of one that goes in the middle nothing is left.
  {
    RawClient gone(shards.a.local());
    gone.send("\x01");
    shards.run_until([&] { return shards.a.tcp->count() == 1; });
    for (int i = 0; i < 4; ++i) shards.a.step(5);
  }
  shards.run_until([&] { return shards.a.tcp->count() == 0; });
}

}  // namespace
}  // namespace limen::runtime
