// The machine's network interfaces and its own address, as values. Any thread.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/net_address.hpp"
#include "base/result.hpp"

namespace limen::runtime {

struct Interface {
  std::string name;    // "eth0"
  IpAddress address;   // one entry per address
  uint32_t index = 0;  // scope of link-local addresses
  bool up = false;     // up and running
  bool loopback = false;
};

Result<std::vector<Interface>> list_interfaces();

// The source address the kernel would take towards a public address; sends nothing.
std::optional<IpAddress> source_address_towards(const IpAddress& remote);

// Spec section 2.2: towards a public IPv4 address, then IPv6, then the first usable interface, then
// 127.0.0.1.
IpAddress detect_local_ip();

}  // namespace limen::runtime
