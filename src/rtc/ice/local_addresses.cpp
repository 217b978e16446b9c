#include "rtc/ice/local_addresses.hpp"

#include <algorithm>
#include <string>
#include <vector>

namespace limen::rtc {
namespace {

bool usable(const InterfaceAddress& entry, const LocalAddressPolicy& policy) {
  const IpAddress& address = entry.address;
  if (!entry.up || entry.loopback || address.is_loopback() || address.is_unspecified()) return false;
  if (address.is_v4()) return true;
  return policy.ipv6 && (policy.ipv6_link_local || !address.is_link_local());
}

bool any_prefix(const std::vector<std::string>& prefixes, const std::string& text) {
  return std::any_of(prefixes.begin(), prefixes.end(),
                     [&](const std::string& prefix) { return !prefix.empty() && text.starts_with(prefix); });
}

bool wanted(const InterfaceAddress& entry, const LocalAddressPolicy& policy) {
  std::string text = entry.address.to_string();
  if (any_prefix(policy.ignore, text)) return false;
  if (policy.enforce.empty()) return !any_prefix(policy.ignore, entry.name);
  return any_prefix(policy.enforce, entry.name) || any_prefix(policy.enforce, text);
}

void add_once(std::vector<IpAddress>& list, const IpAddress& address) {
  if (std::find(list.begin(), list.end(), address) == list.end()) list.push_back(address);
}

}  // namespace

std::vector<IpAddress> local_addresses(std::span<const InterfaceAddress> interfaces, const LocalAddressPolicy& policy) {
  std::vector<IpAddress> kept;
  std::vector<IpAddress> all;
  for (const InterfaceAddress& entry : interfaces) {
    if (!usable(entry, policy)) continue;
    add_once(all, entry.address);
    if (wanted(entry, policy)) add_once(kept, entry.address);
  }
  return kept.empty() ? all : kept;
}

std::vector<IpAddress> advertised_addresses(const IpAddress& local, const NatMapping& mapping) {
  std::vector<IpAddress> out;
  for (const IpAddress& ip : mapping.public_ips) {
    if (ip.is_v4() != local.is_v4()) continue;
    bool first = out.empty();
    add_once(out, ip);
    if (first && mapping.keep_private_host) add_once(out, local);
  }
  if (out.empty()) out.push_back(local);
  return out;
}

}  // namespace limen::rtc
