#include "core/mdns/mdns_sockets.hpp"

#include <fmt/format.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include "runtime/udp_socket.hpp"

namespace limen::core {
namespace {

constexpr int kReadsPerSocket = 512;
constexpr int kBuffer = 512 * 1024;  // our own questions come back to us, too
constexpr int kTtl = 255;            // RFC 6762 section 11

const IpAddress& group(bool v4) {
  static const IpAddress kGroup4 = *IpAddress::parse("224.0.0.251");
  static const IpAddress kGroup6 = *IpAddress::parse("ff02::fb");
  return v4 ? kGroup4 : kGroup6;
}

bool set(int fd, int level, int option, const void* value, socklen_t size) {
  return setsockopt(fd, level, option, value, size) == 0;
}
bool set(int fd, int level, int option, int value) {
  return set(fd, level, option, &value, sizeof value);
}

bool join(int fd, bool v4, uint32_t interface) {
  if (v4) {
    ip_mreqn request{};
    std::memcpy(&request.imr_multiaddr, group(true).bytes().data(), 4);
    request.imr_ifindex = static_cast<int>(interface);
    return set(fd, IPPROTO_IP, IP_ADD_MEMBERSHIP, &request, sizeof request);
  }
  ipv6_mreq request{};
  std::memcpy(&request.ipv6mr_multiaddr, group(false).bytes().data(), 16);
  request.ipv6mr_interface = interface;
  return set(fd, IPPROTO_IPV6, IPV6_JOIN_GROUP, &request, sizeof request);
}

bool choose(int fd, bool v4, uint32_t interface) {
  if (!v4) return set(fd, IPPROTO_IPV6, IPV6_MULTICAST_IF, static_cast<int>(interface));
  ip_mreqn request{};
  request.imr_ifindex = static_cast<int>(interface);
  return set(fd, IPPROTO_IP, IP_MULTICAST_IF, &request, sizeof request);
}

bool bind_to(int fd, bool v4, uint16_t port) {
  sockaddr_storage raw{};
  socklen_t size = runtime::to_sockaddr({v4 ? IpAddress() : *IpAddress::parse("::"), port}, 0, raw);
  return bind(fd, reinterpret_cast<sockaddr*>(&raw), size) == 0;
}

}  // namespace

MdnsSockets::MdnsSockets(const std::vector<runtime::Interface>& interfaces, bool ipv6) {
  open(true, interfaces);
  if (ipv6) open(false, interfaces);
  if (sockets_.empty() && failure_.empty()) failure_ = "no network interface to ask on";
}

void MdnsSockets::open(bool v4, const std::vector<runtime::Interface>& interfaces) {
  Socket made{
      runtime::FileDescriptor(socket(v4 ? AF_INET : AF_INET6, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)), v4, {}};
  int fd = made.fd.get();
  if (!v4) set(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1);
  set(fd, SOL_SOCKET, SO_REUSEADDR, 1);
  set(fd, SOL_SOCKET, SO_RCVBUF, kBuffer);
  if (!made.fd || !(bind_to(fd, v4, kPort) || bind_to(fd, v4, 0))) {
    failure_ = fmt::format("no multicast socket: {}", std::strerror(errno));
    return;
  }
  if (v4) set(fd, IPPROTO_IP, IP_MULTICAST_TTL, kTtl);
  else set(fd, IPPROTO_IPV6, IPV6_MULTICAST_HOPS, kTtl);
  for (const runtime::Interface& interface : interfaces) {
    if (!interface.up || interface.address.is_v4() != v4) continue;
    if (std::ranges::find(made.interfaces, interface.index) != made.interfaces.end()) continue;
    if (join(fd, v4, interface.index)) made.interfaces.push_back(interface.index);
  }
  if (!made.interfaces.empty()) sockets_.push_back(std::move(made));
}

void MdnsSockets::send(Bytes query) {
  for (const Socket& socket : sockets_) {
    sockaddr_storage raw{};
    socklen_t size = runtime::to_sockaddr({group(socket.v4), kPort}, 0, raw);
    for (uint32_t interface : socket.interfaces) {
      if (!choose(socket.fd.get(), socket.v4, interface)) continue;
      // One interface that cannot send does not matter: the name's owner may be on another.
      [[maybe_unused]] ssize_t sent = sendto(socket.fd.get(), query.data(), query.size(), MSG_DONTWAIT,
                                             reinterpret_cast<const sockaddr*>(&raw), size);
    }
  }
}

void MdnsSockets::wait(Duration longest, const std::function<void(Bytes)>& sink) {
  std::array<pollfd, 2> ready{};
  for (size_t i = 0; i < sockets_.size(); ++i) ready[i] = {sockets_[i].fd.get(), POLLIN, 0};
  if (poll(ready.data(), sockets_.size(), static_cast<int>(to_ms(longest))) <= 0) return;
  for (const Socket& socket : sockets_) receive(socket, sink);
}

void MdnsSockets::receive(const Socket& socket, const std::function<void(Bytes)>& sink) {
  std::array<uint8_t, 9000> buffer;
  for (int i = 0; i < kReadsPerSocket; ++i) {
    sockaddr_storage raw{};
    socklen_t size = sizeof raw;
    ssize_t got =
        recvfrom(socket.fd.get(), buffer.data(), buffer.size(), MSG_DONTWAIT, reinterpret_cast<sockaddr*>(&raw), &size);
    if (got <= 0) return;
    // Who answers from another port is no responder (RFC 6762 section 6).
    if (runtime::from_sockaddr(raw).port == kPort) sink({buffer.data(), static_cast<size_t>(got)});
  }
}

}  // namespace limen::core
