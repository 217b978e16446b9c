#include "runtime/flow_groups.hpp"

#include <gtest/gtest.h>

#include "tests/support/seeded_random.hpp"

namespace limen::runtime {
namespace {

Flow flow(uint16_t port, SocketId socket = 0) {
  return {socket, {IpAddress::v4(0x7f000001), port}};
}

struct Sent {
  SocketId socket;
  uint16_t port;
  std::string text;
  friend bool operator==(const Sent&, const Sent&) = default;
};

std::vector<Sent> grouped(const TxQueue& tx) {
  FlowGroups groups;
  std::vector<Sent> sent;
  groups.visit(tx, [&](SocketId socket, const Datagram& datagram) {
    sent.push_back({socket, datagram.remote->port, std::string(as_text(datagram.bytes))});
  });
  return sent;
}

size_t run(std::vector<size_t> sizes, size_t other_remote_at = 999, size_t max_segments = 64,
           size_t max_bytes = 65000) {
  static const std::vector<uint8_t> bytes(70000);
  SocketAddress here{IpAddress::v4(1), 1}, same{IpAddress::v4(1), 1}, there{IpAddress::v4(1), 2};
  std::vector<Datagram> items;
  for (size_t i = 0; i < sizes.size(); ++i) {
    const SocketAddress* remote = i == other_remote_at ? &there : i % 2 == 0 ? &here : &same;
    items.push_back({remote, Bytes(bytes.data(), sizes[i])});
  }
  return gso_run(items, max_segments, max_bytes);
}

TEST(FlowGroups, destinations_come_together_in_their_order) {
  TxQueue tx;
  tx.push(flow(1), as_bytes("a1"));
  tx.push(flow(2), as_bytes("b1"));
  tx.push(flow(1), as_bytes("a2"));
  tx.push(flow(1, 7), as_bytes("c1"));
  tx.push(flow(2), as_bytes("b2"));
  tx.push(flow(1), as_bytes("a3"));
  EXPECT_EQ(grouped(tx),
            (std::vector<Sent>{{0, 1, "a1"}, {0, 1, "a2"}, {0, 1, "a3"}, {0, 2, "b1"}, {0, 2, "b2"}, {7, 1, "c1"}}));
}

TEST(FlowGroups, nothing_is_lost_and_each_flow_keeps_its_order) {
  test::SeededRandom random(5);
  TxQueue tx;
  std::map<uint16_t, std::vector<std::string>> expected;
  for (int i = 0; i < 3000; ++i) {
    auto port = static_cast<uint16_t>(random.below(200));
    std::string text = std::to_string(i);
    tx.push(flow(port), as_bytes(text));
    expected[port].push_back(text);
  }
  std::map<uint16_t, std::vector<std::string>> got;
  std::vector<uint16_t> order;
  for (const Sent& sent : grouped(tx)) {
    got[sent.port].push_back(sent.text);
    if (order.empty() || order.back() != sent.port) order.push_back(sent.port);
  }
  EXPECT_EQ(got, expected);
  EXPECT_EQ(order.size(), expected.size()) << "each flow in one piece";
}

TEST(FlowGroups, an_empty_queue_gives_nothing) {
  EXPECT_TRUE(grouped(TxQueue()).empty());
}

TEST(GsoRun, equal_sizes_with_a_shorter_last) {
  EXPECT_EQ(run({1200, 1200, 1200}), 3u);
  EXPECT_EQ(run({1200, 1200, 700, 700}), 3u);
  EXPECT_EQ(run({700, 1200}), 1u) << "a longer one starts a new run";
  EXPECT_EQ(run({1200}), 1u);
}

TEST(GsoRun, one_destination_only) {
  EXPECT_EQ(run({1200, 1200, 1200, 1200}, 2), 2u);
  EXPECT_EQ(run({1200, 1200}, 1), 1u);
}

TEST(GsoRun, limits_are_kept) {
  EXPECT_EQ(run(std::vector<size_t>(100, 100)), 64u);
  EXPECT_EQ(run(std::vector<size_t>(100, 100), 999, 10), 10u);
  EXPECT_EQ(run(std::vector<size_t>(60, 1500), 999, 64, 65000), 43u);
}

TEST(GsoRun, an_empty_datagram_goes_alone) {
  EXPECT_EQ(run({0, 0}), 1u);
  EXPECT_EQ(run({100, 0}), 1u);
}

}  // namespace
}  // namespace limen::runtime
