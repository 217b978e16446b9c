#include "media/forward/host_lookup.hpp"

#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <cstring>

namespace limen::media {

std::optional<IpAddress> known_address(const std::string& host, const std::string& family) {
  auto address = IpAddress::parse(host);
  if (!address || (family == "ipv4" && !address->is_v4()) || (family == "ipv6" && address->is_v4())) {
    return std::nullopt;
  }
  return address;
}

std::optional<IpAddress> look_up_host(const std::string& host, const std::string& family) {
  addrinfo hints{};
  hints.ai_family = family == "ipv4" ? AF_INET : family == "ipv6" ? AF_INET6 : AF_UNSPEC;
  hints.ai_socktype = SOCK_DGRAM;
  addrinfo* found = nullptr;
  if (getaddrinfo(host.c_str(), nullptr, &hints, &found) != 0) return std::nullopt;
  std::optional<IpAddress> out;
  for (const addrinfo* one = found; one != nullptr && !out; one = one->ai_next) {
    if (one->ai_family == AF_INET && one->ai_addrlen >= sizeof(sockaddr_in)) {
      sockaddr_in v4{};
      std::memcpy(&v4, one->ai_addr, sizeof v4);
      out = IpAddress::v4(ntohl(v4.sin_addr.s_addr));
    } else if (one->ai_family == AF_INET6 && one->ai_addrlen >= sizeof(sockaddr_in6)) {
      sockaddr_in6 v6{};
      std::memcpy(&v6, one->ai_addr, sizeof v6);
      out = IpAddress::v6(std::span<const uint8_t, 16>(v6.sin6_addr.s6_addr, 16));
    }
  }
  freeaddrinfo(found);
  return out;
}

}  // namespace limen::media
