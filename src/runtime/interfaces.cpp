#include "runtime/interfaces.hpp"

#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <memory>

#include "runtime/udp_socket.hpp"

namespace limen::runtime {
namespace {

// Any public address does: nothing is sent to it.
constexpr std::string_view kPublicV4 = "1.2.3.4";
constexpr std::string_view kPublicV6 = "2001:4860:4860::8888";

bool usable(const IpAddress& address) {
  return !address.is_unspecified() && !address.is_loopback();
}

}  // namespace

Result<std::vector<Interface>> list_interfaces() {
  ifaddrs* list = nullptr;
  if (getifaddrs(&list) != 0) return fail("cannot list the network interfaces: {}", std::strerror(errno));
  std::unique_ptr<ifaddrs, decltype(&freeifaddrs)> owner(list, freeifaddrs);
  std::vector<Interface> found;
  for (const ifaddrs* entry = list; entry != nullptr; entry = entry->ifa_next) {
    if (entry->ifa_addr == nullptr) continue;
    int family = entry->ifa_addr->sa_family;
    if (family != AF_INET && family != AF_INET6) continue;
    sockaddr_storage address{};
    std::memcpy(&address, entry->ifa_addr, family == AF_INET ? sizeof(sockaddr_in) : sizeof(sockaddr_in6));
    Interface interface;
    interface.name = entry->ifa_name;
    interface.address = from_sockaddr(address).ip;
    interface.index = if_nametoindex(entry->ifa_name);
    interface.up = (entry->ifa_flags & IFF_UP) != 0 && (entry->ifa_flags & IFF_RUNNING) != 0;
    interface.loopback = (entry->ifa_flags & IFF_LOOPBACK) != 0;
    found.push_back(std::move(interface));
  }
  return found;
}

std::optional<IpAddress> source_address_towards(const IpAddress& remote) {
  int fd = socket(remote.is_v4() ? AF_INET : AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return std::nullopt;
  sockaddr_storage address{};
  socklen_t size = to_sockaddr({remote, 1}, 0, address);
  std::optional<IpAddress> source;
  // Connecting a datagram socket only asks the routing table.
  if (connect(fd, reinterpret_cast<sockaddr*>(&address), size) == 0) {
    sockaddr_storage local{};
    socklen_t local_size = sizeof local;
    if (getsockname(fd, reinterpret_cast<sockaddr*>(&local), &local_size) == 0) source = from_sockaddr(local).ip;
  }
  close(fd);
  if (source && source->is_unspecified()) return std::nullopt;
  return source;
}

IpAddress detect_local_ip() {
  for (std::string_view target : {kPublicV4, kPublicV6}) {
    auto source = source_address_towards(*IpAddress::parse(target));
    if (source && usable(*source)) return *source;
  }
  if (auto interfaces = list_interfaces()) {
    for (const Interface& interface : *interfaces) {
      if (interface.up && !interface.loopback && usable(interface.address) && !interface.address.is_link_local()) {
        return interface.address;
      }
    }
  }
  return IpAddress::v4(0x7f000001);
}

}  // namespace limen::runtime
