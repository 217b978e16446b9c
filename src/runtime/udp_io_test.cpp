#include <gtest/gtest.h>
#include <netinet/in.h>
#include <netinet/ip.h>
#include <poll.h>
#include <sys/socket.h>

#include <cerrno>

#include "runtime/clock.hpp"
#include "runtime/udp_receiver.hpp"
#include "runtime/udp_sender.hpp"
#include "runtime/udp_socket.hpp"

namespace limen::runtime {
namespace {

const BindAddress kV4{IpAddress::v4(0x7f000001)};
const BindAddress kV6{*IpAddress::parse("::1")};

UdpSocket open(const BindAddress& address, UdpOptions options = {}) {
  auto socket = UdpSocket::open(address, 0, options);
  if (!socket) {
    ADD_FAILURE() << socket.error().error.text;
    abort();
  }
  return std::move(*socket);
}

std::vector<UdpSocket> one(const BindAddress& address, UdpOptions options = {}) {
  std::vector<UdpSocket> sockets;
  sockets.push_back(open(address, options));
  return sockets;
}

// Reads until `count` datagrams have come or nothing comes for five seconds.
class Reader {
 public:
  explicit Reader(const UdpSocket& socket) : socket_(socket), receiver_(pool_) {}

  void read(size_t count) {
    while (texts.size() < count) {
      pollfd ready{socket_.fd(), POLLIN, 0};
      if (poll(&ready, 1, 5000) != 1) return;
      receiver_.receive(
          socket_, 3, Instant{},
          [this](const Flow& from, Packet packet) {
            sources.push_back(from);
            texts.emplace_back(as_text(packet.bytes()));
          },
          [] { return Instant{}; });
    }
  }
  const RxStats& stats() const { return receiver_.stats(); }

  std::vector<std::string> texts;
  std::vector<Flow> sources;

 private:
  const UdpSocket& socket_;
  PacketPool pool_;
  UdpReceiver receiver_;
};

std::string text(size_t i, size_t size) {
  std::string out = std::to_string(i) + ":";
  out.resize(size, static_cast<char>('a' + i % 26));
  return out;
}

std::vector<std::string> fill(TxQueue& tx, const SocketAddress& to, std::vector<size_t> sizes) {
  std::vector<std::string> sent;
  for (size_t i = 0; i < sizes.size(); ++i) {
    sent.push_back(text(i, sizes[i]));
    tx.push({0, to}, as_bytes(sent.back()));
  }
  return sent;
}

class UdpIo : public testing::TestWithParam<bool> {
 protected:
  BindAddress address() const { return GetParam() ? kV6 : kV4; }
};

TEST_P(UdpIo, a_burst_leaves_in_few_messages_and_arrives_whole) {
  auto sockets = one(address());
  UdpSocket receiver = open(address());
  UdpSender sender(sockets, true);
  TxQueue tx;
  std::vector<size_t> sizes(50, 1200);
  sizes.push_back(333);
  auto expected = fill(tx, receiver.local(), sizes);
  sender.send(tx);

  Reader reader(receiver);
  reader.read(expected.size());
  EXPECT_EQ(reader.texts, expected);
  EXPECT_EQ(reader.sources.front(), (Flow{3, sockets[0].local()}));
  EXPECT_EQ(sender.stats().datagrams, 51u);
  EXPECT_EQ(sender.stats().messages, 1u);
  EXPECT_EQ(sender.stats().gso_runs, 1u);
  EXPECT_EQ(sender.stats().system_calls, 1u);
  ASSERT_TRUE(receiver.gro());
  EXPECT_LT(reader.stats().messages, 51u) << "the train was received in one piece";
}

TEST_P(UdpIo, without_gso_the_same_datagrams_arrive) {
  auto sockets = one(address());
  UdpSocket receiver = open(address(), {.gro = false});
  UdpSender sender(sockets, false);
  TxQueue tx;
  auto expected = fill(tx, receiver.local(), {1200, 1200, 1200, 80, 1200});
  sender.send(tx);
  Reader reader(receiver);
  reader.read(expected.size());
  EXPECT_EQ(reader.texts, expected);
  EXPECT_EQ(sender.stats().messages, 5u);
  EXPECT_EQ(sender.stats().gso_runs, 0u);
  EXPECT_EQ(sender.stats().system_calls, 1u);
  EXPECT_FALSE(receiver.gro());
}

TEST_P(UdpIo, a_train_to_a_receiver_without_gro_arrives_as_datagrams) {
  auto sockets = one(address());
  UdpSocket receiver = open(address(), {.gro = false});
  UdpSender sender(sockets, true);
  TxQueue tx;
  auto expected = fill(tx, receiver.local(), std::vector<size_t>(20, 1000));
  sender.send(tx);
  Reader reader(receiver);
  reader.read(expected.size());
  EXPECT_EQ(reader.texts, expected);
  EXPECT_EQ(reader.stats().messages, 20u);
}

TEST_P(UdpIo, sockets_carry_the_configured_dscp) {
  UdpSocket socket = open(address(), {.dscp = 46});
  int value = 0;
  socklen_t size = sizeof value;
  bool v6 = GetParam();
  ASSERT_EQ(getsockopt(socket.fd(), v6 ? IPPROTO_IPV6 : IPPROTO_IP, v6 ? IPV6_TCLASS : IP_TOS, &value, &size), 0);
  EXPECT_EQ(value, 46 << 2);
}

INSTANTIATE_TEST_SUITE_P(Families, UdpIo, testing::Bool(),
                         [](const auto& family) { return family.param ? "IPv6" : "IPv4"; });

TEST(UdpSender, a_kernel_that_refuses_gso_is_no_longer_asked) {
  auto sockets = one(kV4);
  // The kernel refuses segmentation on sockets without checksums.
  int one_bit = 1;
  ASSERT_EQ(setsockopt(sockets[0].fd(), SOL_SOCKET, SO_NO_CHECK, &one_bit, sizeof one_bit), 0);
  UdpSocket receiver = open(kV4);
  UdpSender sender(sockets, true);
  Reader reader(receiver);
  size_t sent = 0;
  for (int turn = 0; turn < UdpSender::kRefusalsBeforeGivingUp + 3; ++turn) {
    TxQueue tx;
    sent += fill(tx, receiver.local(), {1200, 1200, 1200}).size();
    sender.send(tx);
    reader.read(sent);
  }
  EXPECT_EQ(reader.texts.size(), sent);
  EXPECT_FALSE(sender.gso(0));
  EXPECT_EQ(sender.stats().gso_refused, static_cast<uint64_t>(UdpSender::kRefusalsBeforeGivingUp));
  EXPECT_EQ(sender.stats().dropped_error, 0u);
}

TEST(UdpSender, a_device_without_checksum_offload_ends_gso_at_once) {
  auto sockets = one(kV4);
  UdpSocket receiver = open(kV4);
  UdpSender sender(sockets, true, [](int fd, mmsghdr* messages, unsigned count, int flags) {
    if (messages[0].msg_hdr.msg_controllen == 0) return sendmmsg(fd, messages, count, flags);
    errno = EIO;
    return -1;
  });
  TxQueue tx;
  auto expected = fill(tx, receiver.local(), {900, 900, 900, 40});
  sender.send(tx);
  Reader reader(receiver);
  reader.read(expected.size());
  EXPECT_EQ(reader.texts, expected);
  EXPECT_FALSE(sender.gso(0));
  EXPECT_EQ(sender.stats().gso_refused, 1u);
}

TEST(UdpSender, one_refused_datagram_does_not_take_the_others_along) {
  auto sockets = one(kV4);
  UdpSocket receiver = open(kV4);
  UdpSender sender(sockets, true);
  TxQueue tx;
  tx.push({0, {*IpAddress::parse("::1"), 9}}, as_bytes("an IPv6 address on an IPv4 socket"));
  tx.push({9, receiver.local()}, as_bytes("no such socket"));
  tx.push({0, receiver.local()}, as_bytes("good"));
  sender.send(tx);
  Reader reader(receiver);
  reader.read(1);
  EXPECT_EQ(reader.texts, (std::vector<std::string>{"good"}));
  EXPECT_EQ(sender.stats().dropped_error, 1u);
  EXPECT_EQ(sender.stats().dropped_socket, 1u);
}

// A kernel whose send buffer takes `room` messages.
struct FullKernel {
  unsigned room = 0;
  int operator()(int fd, mmsghdr* messages, unsigned count, int flags) {
    if (room == 0) {
      errno = EAGAIN;
      return -1;
    }
    int sent = sendmmsg(fd, messages, std::min(count, room), flags);
    if (sent > 0) room -= static_cast<unsigned>(sent);
    return sent;
  }
};

TEST(UdpSender, a_full_socket_keeps_the_order_in_its_backlog) {
  auto sockets = one(kV4);
  UdpSocket receiver = open(kV4);
  FullKernel kernel{.room = 2};
  UdpSender sender(sockets, false, std::ref(kernel));
  TxQueue tx;
  auto expected = fill(tx, receiver.local(), {100, 200, 300, 400, 500});
  sender.send(tx);
  EXPECT_TRUE(sender.backlogged(0));
  EXPECT_EQ(sender.stats().queued, 3u);

  kernel.room = 1;
  sender.writable(0);
  EXPECT_TRUE(sender.backlogged(0));

  kernel.room = 100;
  tx.clear();
  tx.push({0, receiver.local()}, as_bytes("later"));
  expected.push_back("later");
  sender.send(tx);
  EXPECT_EQ(sender.stats().queued, 4u) << "must not overtake";
  sender.writable(0);
  EXPECT_FALSE(sender.backlogged(0));
  Reader reader(receiver);
  reader.read(expected.size());
  EXPECT_EQ(reader.texts, expected);
}

TEST(UdpSender, a_refused_run_meets_a_full_socket) {
  auto sockets = one(kV4);
  UdpSocket receiver = open(kV4);
  FullKernel kernel{.room = 1};
  UdpSender sender(sockets, true, [&](int fd, mmsghdr* messages, unsigned count, int flags) {
    if (messages[0].msg_hdr.msg_controllen == 0) return kernel(fd, messages, count, flags);
    errno = EINVAL;
    return -1;
  });
  TxQueue tx;
  auto expected = fill(tx, receiver.local(), {700, 700, 700});
  sender.send(tx);
  EXPECT_EQ(sender.stats().queued, 2u);
  kernel.room = 10;
  sender.writable(0);
  Reader reader(receiver);
  reader.read(expected.size());
  EXPECT_EQ(reader.texts, expected);
}

TEST(UdpSender, the_backlog_is_bounded) {
  auto sockets = one(kV4);
  FullKernel kernel;
  UdpSender sender(sockets, true, std::ref(kernel));
  TxQueue tx;
  std::vector<uint8_t> big(1500);
  size_t fits = UdpSender::kBacklogBytes / big.size();
  for (size_t i = 0; i < fits + 10; ++i) tx.push({0, {IpAddress::v4(0x7f000001), 9}}, big);
  sender.send(tx);
  EXPECT_EQ(sender.stats().queued, fits);
  EXPECT_EQ(sender.stats().dropped_full, 10u);
}

TEST(UdpReceiver, too_large_and_empty_datagrams_are_counted_and_dropped) {
  auto sockets = one(kV4);
  UdpSocket receiver = open(kV4);
  UdpSender sender(sockets, false);
  TxQueue tx;
  std::vector<uint8_t> large(kMaxDatagram + 1), largest(kMaxDatagram);
  tx.push({0, receiver.local()}, large);
  tx.push({0, receiver.local()}, {});
  tx.push({0, receiver.local()}, largest);
  sender.send(tx);
  Reader reader(receiver);
  reader.read(1);
  EXPECT_EQ(reader.texts.at(0).size(), kMaxDatagram);
  EXPECT_EQ(reader.stats().dropped_large, 1u);
  EXPECT_EQ(reader.stats().dropped_empty, 1u);
}

TEST(UdpReceiver, an_exhausted_pool_drops_and_counts) {
  auto sockets = one(kV4);
  UdpSocket receiver = open(kV4);
  UdpSender sender(sockets, true);
  TxQueue tx;
  fill(tx, receiver.local(), std::vector<size_t>(60, 500));
  sender.send(tx);
  fill(tx, receiver.local(), std::vector<size_t>(60, 500));
  PacketPool pool(64);
  UdpReceiver reader(pool);
  std::vector<Packet> held;
  sender.send(tx);
  while (reader.stats().datagrams < 120) {
    pollfd ready{receiver.fd(), POLLIN, 0};
    ASSERT_EQ(poll(&ready, 1, 5000), 1);
    reader.receive(
        receiver, 0, Instant{}, [&](const Flow&, Packet packet) { held.push_back(std::move(packet)); },
        [] { return Instant{}; });
  }
  EXPECT_EQ(held.size(), 64u);
  EXPECT_GE(reader.stats().dropped_no_packet, 56u);
}

TEST(UdpSocket, dscp_and_buffers_are_set) {
  UdpSocket v4 = open(kV4, {.dscp = 46, .receive_buffer = 1 << 18});
  int tos = 0;
  socklen_t size = sizeof tos;
  ASSERT_EQ(getsockopt(v4.fd(), 0 /* IPPROTO_IP */, 1 /* IP_TOS */, &tos, &size), 0);
  EXPECT_EQ(tos, 46 << 2);
  EXPECT_GE(v4.receive_buffer(), 1 << 18);
}

TEST(UdpSocket, an_address_of_another_machine_is_named_in_the_error) {
  auto socket = UdpSocket::open({*IpAddress::parse("203.0.113.77")}, 0, {});
  ASSERT_FALSE(socket);
  EXPECT_FALSE(socket.error().port_taken);
  EXPECT_EQ(socket.error().error.text,
            "cannot bind a UDP socket on 203.0.113.77:0: the address is not on this machine");
}

}  // namespace
}  // namespace limen::runtime
