#include "runtime/udp_port_set.hpp"

#include <gtest/gtest.h>
#include <sys/epoll.h>
#include <unistd.h>

#include <optional>
#include <vector>

namespace limen::runtime {
namespace {

// Waits for the sockets, boundedly, as a shard does.
class UdpPorts : public testing::Test {
 protected:
  UdpPorts() : epoll_(epoll_create1(EPOLL_CLOEXEC)), ports_(epoll_, 0x80000000, pool_) {}
  ~UdpPorts() override { ::close(epoll_); }

  UdpPort open(UdpReceive receive, const char* address = "127.0.0.1") {
    UdpBind bind;
    bind.local.ip = *IpAddress::parse(address);
    auto port = ports_.open(bind, std::move(receive));
    EXPECT_TRUE(port) << port.error().text;
    return port ? *port : UdpPort{};
  }
  bool run_until(const std::function<bool()>& done) {
    for (int i = 0; i < 100 && !done(); ++i) {
      epoll_event event{};
      if (epoll_wait(epoll_, &event, 1, 50) == 1) ports_.handle_ready(event.data.u32, Instant{});
    }
    return done();
  }

  int epoll_;
  PacketPool pool_;
  UdpPortSet ports_;
};

TEST_F(UdpPorts, datagrams_pass_between_two_ports) {
  std::vector<std::vector<uint8_t>> got;
  std::optional<SocketAddress> from;
  UdpPort a = open([](const SocketAddress&, Packet, Instant) {});
  UdpPort b = open([&](const SocketAddress& sender, Packet packet, Instant) {
    from = sender;
    got.emplace_back(packet.bytes().begin(), packet.bytes().end());
  });
  EXPECT_NE(b.local.port, 0);
  std::vector<uint8_t> hello{1, 2, 3}, large(kMaxDatagram + 1);
  EXPECT_TRUE(ports_.send(a.id, b.local, hello));
  EXPECT_TRUE(ports_.send(a.id, b.local, large));
  EXPECT_TRUE(ports_.send(a.id, b.local, hello));
  ASSERT_TRUE(run_until([&] { return got.size() == 2; }));
  EXPECT_EQ(got[1], hello);
  EXPECT_EQ(from, a.local);
  EXPECT_EQ(ports_.stats().dropped_large, 1U);
  EXPECT_FALSE(ports_.send(a.id, {*IpAddress::parse("::1"), 9}, hello)) << "an IPv4 port does not reach IPv6";
}

TEST_F(UdpPorts, a_port_may_be_closed_by_its_own_receiver_and_is_gone_then) {
  int count = 0;
  UdpPort a = open([](const SocketAddress&, Packet, Instant) {});
  UdpPort b;
  b = open([&](const SocketAddress&, Packet, Instant) {
    ++count;
    ports_.close(b.id);
  });
  std::vector<uint8_t> hello{1};
  for (int i = 0; i < 3; ++i) ports_.send(a.id, b.local, hello);
  ASSERT_TRUE(run_until([&] { return count > 0; }));
  EXPECT_EQ(count, 1);
  EXPECT_EQ(ports_.count(), 1U);
  EXPECT_FALSE(ports_.send(b.id, a.local, hello));
  ports_.close(b.id);
}

TEST_F(UdpPorts, a_refused_datagram_does_not_stop_the_next) {
  UdpPort a = open([](const SocketAddress&, Packet, Instant) {});
  UdpPort gone = open([](const SocketAddress&, Packet, Instant) {});
  ports_.close(gone.id);
  int got = 0;
  UdpPort b = open([&](const SocketAddress&, Packet, Instant) { ++got; });
  std::vector<uint8_t> hello{1};
  ports_.send(a.id, gone.local, hello);
  EXPECT_TRUE(ports_.send(a.id, b.local, hello));
  EXPECT_TRUE(run_until([&] { return got == 1; }));
}

TEST_F(UdpPorts, an_address_that_is_not_ours_or_taken_is_an_error) {
  UdpPort a = open([](const SocketAddress&, Packet, Instant) {});
  UdpBind bind;
  bind.local = a.local;
  EXPECT_FALSE(ports_.open(bind, {}));
  bind.local = {*IpAddress::parse("192.0.2.77"), 0};
  EXPECT_FALSE(ports_.open(bind, {}));
  EXPECT_EQ(ports_.count(), 1U);
}

}  // namespace
}  // namespace limen::runtime
