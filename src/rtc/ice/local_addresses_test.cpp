#include "rtc/ice/local_addresses.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace limen::rtc {
namespace {

InterfaceAddress on(const char* name, const char* address, bool up = true, bool loopback = false) {
  return {name, *IpAddress::parse(address), up, loopback};
}

const std::vector<InterfaceAddress>& machine() {
  static const std::vector<InterfaceAddress> kList = {
      on("lo", "127.0.0.1", true, true),
      on("lo", "::1", true, true),
      on("lo", "10.9.9.9", true, true),
      on("eth0", "192.0.2.10"),
      on("eth0", "2001:db8::10"),
      on("eth0", "fe80::10"),
      on("eth1", "10.1.0.5"),
      on("vmnet8", "172.16.8.1"),
      on("wlan0", "10.2.0.5", false),
      on("ppp0", "0.0.0.0"),
  };
  return kList;
}

struct Case {
  const char* what;
  LocalAddressPolicy policy;
  std::vector<std::string> expected;
};

TEST(LocalAddresses, follow_the_lists) {
  const std::vector<std::string> all4 = {"192.0.2.10", "10.1.0.5", "172.16.8.1"};
  const std::vector<Case> cases = {
      {"no lists: IPv4 that is up, no loopback", {}, all4},
      {"ipv6", {.ipv6 = true}, {"192.0.2.10", "2001:db8::10", "10.1.0.5", "172.16.8.1"}},
      {"ipv6 with link-local",
       {.ipv6 = true, .ipv6_link_local = true},
       {"192.0.2.10", "2001:db8::10", "fe80::10", "10.1.0.5", "172.16.8.1"}},
      {"link-local alone changes nothing", {.ipv6_link_local = true}, all4},
      {"enforced interface", {.enforce = {"eth1"}}, {"10.1.0.5"}},
      {"enforced by prefix of the name", {.enforce = {"eth"}}, {"192.0.2.10", "10.1.0.5"}},
      {"enforced by prefix of the address", {.enforce = {"10.1."}}, {"10.1.0.5"}},
      {"ignored interface", {.ignore = {"vmnet"}}, {"192.0.2.10", "10.1.0.5"}},
      {"ignored address", {.ignore = {"192.0.2."}}, {"10.1.0.5", "172.16.8.1"}},
      {"enforce list: ignored names do not count", {.enforce = {"eth", "vmnet"}, .ignore = {"vmnet"}}, all4},
      {"enforce list: ignored addresses do", {.enforce = {"eth"}, .ignore = {"192."}}, {"10.1.0.5"}},
      {"enforcing loopback does not bring it back", {.enforce = {"lo", "eth1"}}, {"10.1.0.5"}},
      {"nothing left: everything usable", {.enforce = {"tun0"}}, all4},
      {"everything ignored: everything usable", {.ignore = {"eth", "vmnet"}}, all4},
      {"an empty entry matches nothing", {.ignore = {""}}, all4},
  };
  for (const Case& c : cases) {
    std::vector<std::string> got;
    for (const IpAddress& address : local_addresses(machine(), c.policy)) got.push_back(address.to_string());
    EXPECT_EQ(got, c.expected) << c.what;
  }
}

TEST(LocalAddresses, the_same_address_counts_once) {
  std::vector<InterfaceAddress> list = {on("eth0", "192.0.2.10"), on("eth0:1", "192.0.2.10")};
  EXPECT_EQ(local_addresses(list, {}).size(), 1u);
}

TEST(LocalAddresses, are_replaced_by_public_ones_of_their_family) {
  auto a = [](const char* text) { return *IpAddress::parse(text); };
  const IpAddress local = a("10.0.0.5");
  using List = std::vector<IpAddress>;
  EXPECT_EQ(advertised_addresses(local, {}), List{local});
  EXPECT_EQ(advertised_addresses(local, {{a("203.0.113.1")}, false}), List{a("203.0.113.1")});
  EXPECT_EQ(advertised_addresses(local, {{a("2001:db8::1")}, false}), List{local});
  EXPECT_EQ(advertised_addresses(local, {{a("2001:db8::1"), a("203.0.113.1"), a("203.0.113.2")}, true}),
            (List{a("203.0.113.1"), local, a("203.0.113.2")}));
  EXPECT_EQ(advertised_addresses(a("2001:db8:5::5"), {{a("2001:db8::1"), a("203.0.113.1")}, false}),
            List{a("2001:db8::1")});
}

}  // namespace
}  // namespace limen::rtc
