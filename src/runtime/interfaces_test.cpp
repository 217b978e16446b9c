#include "runtime/interfaces.hpp"

#include <gtest/gtest.h>

namespace limen::runtime {
namespace {

TEST(Interfaces, loopback_is_listed_as_such) {
  auto interfaces = list_interfaces();
  ASSERT_TRUE(interfaces);
  auto loopback = std::find_if(interfaces->begin(), interfaces->end(),
                               [](const Interface& i) { return i.address == IpAddress::v4(0x7f000001); });
  ASSERT_NE(loopback, interfaces->end());
  EXPECT_TRUE(loopback->loopback);
  EXPECT_TRUE(loopback->up);
  EXPECT_NE(loopback->index, 0u);
  EXPECT_FALSE(loopback->name.empty());
}

TEST(Interfaces, the_source_towards_loopback_is_loopback) {
  EXPECT_EQ(source_address_towards(IpAddress::v4(0x7f000001)), IpAddress::v4(0x7f000001));
}

TEST(Interfaces, the_local_address_is_one_of_the_machines) {
  IpAddress local = detect_local_ip();
  auto interfaces = list_interfaces();
  ASSERT_TRUE(interfaces);
  EXPECT_TRUE(std::any_of(interfaces->begin(), interfaces->end(), [&](const Interface& i) {
    return i.address == local;
  })) << local.to_string();
}

}  // namespace
}  // namespace limen::runtime
