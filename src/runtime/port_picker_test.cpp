#include "runtime/port_picker.hpp"

#include <gtest/gtest.h>

#include "tests/support/seeded_random.hpp"

namespace limen::runtime {
namespace {

const std::vector<BindAddress> kBoth{{IpAddress::v4(0x7f000001)}, {*IpAddress::parse("::1")}};

class PortPicker : public testing::Test {
 protected:
  Result<std::vector<UdpSocket>> pick(PortRange range) {
    auto opened = open_sockets(kBoth, range, {}, false, random_, 1, 4);
    if (!opened) return std::unexpected(opened.error());
    return std::move(opened->udp);
  }
  // A range of `size` ports that are free now.
  PortRange free_range(uint16_t size) {
    for (uint16_t first = 42000; first < 60000; first = static_cast<uint16_t>(first + size)) {
      bool all = true;
      for (uint16_t port = first; port < first + size; ++port) all &= pick({port, port}).has_value();
      if (all) return {first, static_cast<uint16_t>(first + size - 1)};
    }
    ADD_FAILURE() << "no free ports on this machine";
    return {};
  }
  test::SeededRandom random_{1};
};

TEST_F(PortPicker, all_addresses_share_a_port_of_the_range) {
  PortRange range = free_range(4);
  auto sockets = pick(range);
  ASSERT_TRUE(sockets);
  ASSERT_EQ(sockets->size(), 2u);
  EXPECT_EQ((*sockets)[0].local().port, (*sockets)[1].local().port);
  EXPECT_GE((*sockets)[0].local().port, range.min);
  EXPECT_LE((*sockets)[0].local().port, range.max);
}

TEST_F(PortPicker, every_port_is_used_before_it_gives_up) {
  PortRange range = free_range(3);
  std::set<uint16_t> ports;
  std::vector<std::vector<UdpSocket>> held;
  for (int i = 0; i < 3; ++i) {
    auto sockets = pick(range);
    ASSERT_TRUE(sockets) << sockets.error().text;
    ports.insert((*sockets)[0].local().port);
    held.push_back(std::move(*sockets));
  }
  EXPECT_EQ(ports.size(), 3u);
  auto exhausted = pick({range.max, range.min});  // reversed means the same
  ASSERT_FALSE(exhausted);
  EXPECT_EQ(exhausted.error().text,
            fmt::format("rtp_port_range {}-{} has no UDP port left for media loop 2 of 4 (on 127.0.0.1, ::1): "
                        "each loop needs one; widen the range or lower event_loops",
                        range.min, range.max));
}

TEST_F(PortPicker, a_port_taken_on_one_address_is_passed_over) {
  PortRange range = free_range(2);
  auto taken = UdpSocket::open(kBoth[1], range.min, {});
  ASSERT_TRUE(taken);
  auto sockets = pick(range);
  ASSERT_TRUE(sockets);
  EXPECT_EQ((*sockets)[0].local().port, range.max);
}

TEST_F(PortPicker, with_ice_tcp_a_port_must_be_free_for_both) {
  PortRange range = free_range(2);
  auto taken = TcpListener::open(kBoth[0], range.min);
  ASSERT_TRUE(taken);
  auto opened = open_sockets(kBoth, range, {}, true, random_, 0, 1);
  ASSERT_TRUE(opened);
  ASSERT_EQ(opened->tcp.size(), opened->udp.size());
  for (size_t i = 0; i < opened->udp.size(); ++i) EXPECT_EQ(opened->tcp[i].local(), opened->udp[i].local());
  EXPECT_EQ(opened->tcp[0].local().port, range.max);
  auto exhausted = open_sockets(kBoth, range, {}, true, random_, 0, 1);
  ASSERT_FALSE(exhausted);
  EXPECT_NE(exhausted.error().text.find("no UDP and TCP port left"), std::string::npos) << exhausted.error().text;
}

TEST_F(PortPicker, without_a_range_the_kernel_chooses) {
  for (PortRange range : {PortRange{}, PortRange{0, 65535}, PortRange{1, 65535}}) {
    auto sockets = pick(range);
    ASSERT_TRUE(sockets);
    EXPECT_NE((*sockets)[0].local().port, 0);
    EXPECT_EQ((*sockets)[0].local().port, (*sockets)[1].local().port);
  }
}

TEST_F(PortPicker, a_missing_address_is_the_error_not_the_range) {
  std::vector<BindAddress> foreign{{*IpAddress::parse("203.0.113.77")}};
  auto sockets = open_sockets(foreign, {40000, 50000}, {}, false, random_, 0, 1);
  ASSERT_FALSE(sockets);
  EXPECT_NE(sockets.error().text.find("not on this machine"), std::string::npos) << sockets.error().text;
}

}  // namespace
}  // namespace limen::runtime
