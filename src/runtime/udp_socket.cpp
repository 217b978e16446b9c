#include "runtime/udp_socket.hpp"

#include <netinet/in.h>
#include <netinet/udp.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

namespace limen::runtime {
namespace {

bool set_option(int fd, int level, int name, int value) {
  return setsockopt(fd, level, name, &value, sizeof value) == 0;
}

// More than the system-wide limit is granted to administrators only (SO_*BUFFORCE).
void set_buffer(int fd, int forced_option, int option, int bytes) {
  if (bytes > 0 && !set_option(fd, SOL_SOCKET, forced_option, bytes)) set_option(fd, SOL_SOCKET, option, bytes);
}

void apply(int fd, bool v4, const UdpOptions& options) {
  set_buffer(fd, SO_RCVBUFFORCE, SO_RCVBUF, options.receive_buffer);
  set_buffer(fd, SO_SNDBUFFORCE, SO_SNDBUF, options.send_buffer);
  if (options.dscp > 0) {
    if (v4) set_option(fd, IPPROTO_IP, IP_TOS, options.dscp << 2);
    else set_option(fd, IPPROTO_IPV6, IPV6_TCLASS, options.dscp << 2);
  }
}

BindError failure(const char* what, const SocketAddress& address, int error) {
  std::string text = error == EADDRNOTAVAIL ? "the address is not on this machine" : std::strerror(error);
  return {error == EADDRINUSE || error == EACCES,
          Error{fmt::format("cannot {} a UDP socket on {}: {}", what, address.to_string(), text)}};
}

}  // namespace

socklen_t to_sockaddr(const SocketAddress& address, uint32_t scope, sockaddr_storage& out) {
  if (address.ip.is_v4()) {
    auto& in = reinterpret_cast<sockaddr_in&>(out);
    in = {};
    in.sin_family = AF_INET;
    in.sin_port = htons(address.port);
    std::memcpy(&in.sin_addr, address.ip.bytes().data(), 4);
    return sizeof in;
  }
  auto& in6 = reinterpret_cast<sockaddr_in6&>(out);
  in6 = {};
  in6.sin6_family = AF_INET6;
  in6.sin6_port = htons(address.port);
  std::memcpy(&in6.sin6_addr, address.ip.bytes().data(), 16);
  if (address.ip.is_link_local()) in6.sin6_scope_id = scope;
  return sizeof in6;
}

SocketAddress from_sockaddr(const sockaddr_storage& address) {
  if (address.ss_family == AF_INET) {
    const auto& in = reinterpret_cast<const sockaddr_in&>(address);
    return {IpAddress::v4(ntohl(in.sin_addr.s_addr)), ntohs(in.sin_port)};
  }
  if (address.ss_family == AF_INET6) {
    const auto& in6 = reinterpret_cast<const sockaddr_in6&>(address);
    return {IpAddress::v6(std::span<const uint8_t, 16>(in6.sin6_addr.s6_addr)), ntohs(in6.sin6_port)};
  }
  return {};
}

std::expected<UdpSocket, BindError> UdpSocket::open(const BindAddress& address, uint16_t port,
                                                    const UdpOptions& options) {
  SocketAddress wanted{address.ip, port};
  bool v4 = address.ip.is_v4();
  int fd = socket(v4 ? AF_INET : AF_INET6, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return std::unexpected(failure("open", wanted, errno));
  UdpSocket result(fd);
  if (!v4) set_option(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1);
  if (options.share_port && !set_option(fd, SOL_SOCKET, SO_REUSEPORT, 1)) {
    return std::unexpected(failure("share", wanted, errno));
  }
  sockaddr_storage raw{};
  socklen_t size = to_sockaddr(wanted, address.scope, raw);
  if (bind(fd, reinterpret_cast<sockaddr*>(&raw), size) != 0) {
    return std::unexpected(failure("bind", wanted, errno));
  }
  socklen_t local_size = sizeof raw;
  if (getsockname(fd, reinterpret_cast<sockaddr*>(&raw), &local_size) != 0) {
    return std::unexpected(failure("name", wanted, errno));
  }
  apply(fd, v4, options);
  result.local_ = from_sockaddr(raw);
  result.scope_ = address.scope;
  result.gro_ = options.gro && set_option(fd, IPPROTO_UDP, UDP_GRO, 1);
  return result;
}

UdpSocket::UdpSocket(UdpSocket&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)), local_(other.local_), scope_(other.scope_), gro_(other.gro_) {}

UdpSocket& UdpSocket::operator=(UdpSocket&& other) noexcept {
  std::swap(fd_, other.fd_);
  std::swap(local_, other.local_);
  std::swap(scope_, other.scope_);
  std::swap(gro_, other.gro_);
  return *this;
}

UdpSocket::~UdpSocket() {
  if (fd_ >= 0) close(fd_);
}

int UdpSocket::receive_buffer() const {
  int bytes = 0;
  socklen_t size = sizeof bytes;
  return getsockopt(fd_, SOL_SOCKET, SO_RCVBUF, &bytes, &size) == 0 ? bytes : 0;
}

}  // namespace limen::runtime
