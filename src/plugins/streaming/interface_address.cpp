#include <ifaddrs.h>
#include <netinet/in.h>

#include <memory>
#include <span>

#include "plugins/streaming/feed.hpp"

namespace limen::streaming {
namespace {

std::optional<IpAddress> address_of(const sockaddr* raw) {
  if (raw == nullptr) return std::nullopt;
  if (raw->sa_family == AF_INET) {
    const auto* in = reinterpret_cast<const sockaddr_in*>(raw);
    return IpAddress::v4(ntohl(in->sin_addr.s_addr));
  }
  if (raw->sa_family != AF_INET6) return std::nullopt;
  const auto* in6 = reinterpret_cast<const sockaddr_in6*>(raw);
  return IpAddress::v6(std::span<const uint8_t, 16>(in6->sin6_addr.s6_addr, 16));
}

}  // namespace

std::optional<IpAddress> interface_address(const std::string& name) {
  ifaddrs* list = nullptr;
  if (getifaddrs(&list) != 0) return std::nullopt;
  std::unique_ptr<ifaddrs, decltype(&freeifaddrs)> owner(list, &freeifaddrs);
  std::optional<IpAddress> wanted = IpAddress::parse(name);
  std::optional<IpAddress> v6;
  for (const ifaddrs* entry = list; entry != nullptr; entry = entry->ifa_next) {
    std::optional<IpAddress> address = address_of(entry->ifa_addr);
    if (!address) continue;
    if (wanted && *address == *wanted) return address;
    if (name != entry->ifa_name || address->is_link_local()) continue;
    if (address->is_v4()) return address;
    if (!v6) v6 = address;
  }
  return v6;
}

}  // namespace limen::streaming
