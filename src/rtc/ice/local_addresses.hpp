// Which local addresses become host candidates, and what peers are told about them (1:1 NAT).
//
// Pure functions over a list of interfaces; listing them is the runtime's work. Spec section 7.2,
// "Local addresses" and "1:1 NAT".
#pragma once
#include <span>
#include <string>
#include <vector>

#include "base/net_address.hpp"

namespace limen::rtc {

// One address of one interface.
struct InterfaceAddress {
  std::string name;  // "eth0"
  IpAddress address;
  bool up = true;  // up and running
  bool loopback = false;
};

struct LocalAddressPolicy {
  std::vector<std::string> enforce = {};  // prefixes of interface names or textual addresses
  std::vector<std::string> ignore = {};   // likewise; names count only without an enforce list
  bool ipv6 = false;
  bool ipv6_link_local = false;
};

// In the order of `interfaces`, without duplicates. If the lists leave nothing, every usable address
// that is not loopback. Loopback is never gathered.
std::vector<IpAddress> local_addresses(std::span<const InterfaceAddress> interfaces, const LocalAddressPolicy& policy);

struct NatMapping {
  std::vector<IpAddress> public_ips;
  bool keep_private_host = false;
};

// What to advertise instead of `local`: each public address of its family, the private one after the
// first of them if wished. A family without a mapping keeps its address.
std::vector<IpAddress> advertised_addresses(const IpAddress& local, const NatMapping& mapping);

}  // namespace limen::rtc
