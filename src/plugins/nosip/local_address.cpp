#include "plugins/nosip/local_address.hpp"

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstring>

namespace limen::nosip {
namespace {

std::optional<IpAddress> from_system(const sockaddr* address) {
  if (address != nullptr && address->sa_family == AF_INET) {
    sockaddr_in v4{};
    std::memcpy(&v4, address, sizeof v4);
    return IpAddress::v4(ntohl(v4.sin_addr.s_addr));
  }
  if (address != nullptr && address->sa_family == AF_INET6) {
    sockaddr_in6 v6{};
    std::memcpy(&v6, address, sizeof v6);
    return IpAddress::v6(std::span<const uint8_t, 16>(v6.sin6_addr.s6_addr, 16));
  }
  return std::nullopt;
}

}  // namespace

std::optional<IpAddress> local_address_of(const std::string& text) {
  auto wanted = IpAddress::parse(text);
  if (wanted && wanted->is_unspecified()) return wanted;
  ifaddrs* list = nullptr;
  if (getifaddrs(&list) != 0) return std::nullopt;
  std::optional<IpAddress> found;
  for (const ifaddrs* one = list; one != nullptr; one = one->ifa_next) {
    auto address = from_system(one->ifa_addr);
    if (!address) continue;
    bool meant = wanted ? *address == *wanted : text == one->ifa_name && !address->is_link_local();
    if (meant && (!found || (found->is_v6() && address->is_v4()))) found = address;
  }
  freeifaddrs(list);
  return found;
}

// Connecting a UDP socket sends nothing, but chooses a route.
IpAddress default_local_address() {
  IpAddress fallback = IpAddress::v4(0x7f000001);
  int fd = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return fallback;
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(9);
  to.sin_addr.s_addr = htonl(0x08080808);
  sockaddr_storage own{};
  socklen_t size = sizeof own;
  bool known = ::connect(fd, reinterpret_cast<const sockaddr*>(&to), sizeof to) == 0 &&
               ::getsockname(fd, reinterpret_cast<sockaddr*>(&own), &size) == 0;
  ::close(fd);
  auto address = known ? from_system(reinterpret_cast<const sockaddr*>(&own)) : std::nullopt;
  return address.value_or(fallback);
}

}  // namespace limen::nosip
