#include "plugins/streaming/ingest/rtsp_sockets.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <ifaddrs.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <memory>

namespace limen::streaming {

namespace {

constexpr int kReceiveBuffer = 1024 * 1024;

IpAddress ip_of(const sockaddr* address) {
  if (address->sa_family == AF_INET) {
    return IpAddress::v4(ntohl(reinterpret_cast<const sockaddr_in*>(address)->sin_addr.s_addr));
  }
  const auto* v6 = reinterpret_cast<const sockaddr_in6*>(address);
  return IpAddress::v6(std::span<const uint8_t, 16>(v6->sin6_addr.s6_addr, 16));
}

SocketAddress address_of(const sockaddr_storage& storage) {
  const auto* address = reinterpret_cast<const sockaddr*>(&storage);
  uint16_t port = storage.ss_family == AF_INET ? reinterpret_cast<const sockaddr_in*>(&storage)->sin_port
                                               : reinterpret_cast<const sockaddr_in6*>(&storage)->sin6_port;
  return {ip_of(address), ntohs(port)};
}

socklen_t fill(const SocketAddress& address, sockaddr_storage& out) {
  out = {};
  if (address.ip.is_v4()) {
    auto* v4 = reinterpret_cast<sockaddr_in*>(&out);
    v4->sin_family = AF_INET;
    v4->sin_port = htons(address.port);
    v4->sin_addr.s_addr = htonl(address.ip.v4_host_order());
    return sizeof *v4;
  }
  auto* v6 = reinterpret_cast<sockaddr_in6*>(&out);
  v6->sin6_family = AF_INET6;
  v6->sin6_port = htons(address.port);
  std::memcpy(v6->sin6_addr.s6_addr, address.ip.bytes().data(), 16);
  return sizeof *v6;
}

std::string last_error() {
  return std::strerror(errno);
}

const IpAddress* same_family(const std::vector<IpAddress>& addresses, bool v4) {
  auto it = std::ranges::find(addresses, v4, &IpAddress::is_v4);
  return it == addresses.end() ? nullptr : &*it;
}

Result<Descriptor> open_udp(const SocketAddress& local, bool shared) {
  Descriptor socket(::socket(local.ip.is_v4() ? AF_INET : AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!socket) return fail("no UDP socket: {}", last_error());
  int on = 1;
  if (shared) setsockopt(socket.fd(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  setsockopt(socket.fd(), SOL_SOCKET, SO_RCVBUF, &kReceiveBuffer, sizeof kReceiveBuffer);
  sockaddr_storage address;
  socklen_t size = fill(local, address);
  if (bind(socket.fd(), reinterpret_cast<sockaddr*>(&address), size) != 0) {
    return fail("UDP port {}: {}", local.port, last_error());
  }
  return socket;
}

// Waits for a connection that is being made; empty: it is there.
Result<> finish_connecting(const Descriptor& socket, Instant deadline, StopSignal& signal) {
  while (true) {
    pollfd entries[2] = {{socket.fd(), POLLOUT, 0}, {signal.wake.fd(), POLLIN, 0}};
    int64_t left = to_ms(deadline - SourceThread::now());
    if (left <= 0) return fail("no connection in time");
    if (poll(entries, 2, static_cast<int>(std::min<int64_t>(left + 1, 60'000))) < 0 && errno != EINTR) {
      return fail("no connection: {}", last_error());
    }
    if (signal.stopped()) return fail("stopped");
    if (entries[1].revents != 0) signal.wake.clear();
    if (entries[0].revents == 0) continue;
    int error = 0;
    socklen_t size = sizeof error;
    getsockopt(socket.fd(), SOL_SOCKET, SO_ERROR, &error, &size);
    if (error != 0) return fail("no connection: {}", std::strerror(error));
    return {};
  }
}

Result<TcpConnection> connect_to(const addrinfo& target, const std::vector<IpAddress>& from, Instant deadline,
                                 StopSignal& signal) {
  TcpConnection out;
  out.socket = Descriptor(socket(target.ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!out.socket) return fail("no TCP socket: {}", last_error());
  int on = 1;
  setsockopt(out.socket.fd(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  sockaddr_storage address;
  if (!from.empty()) {
    const IpAddress* ip = same_family(from, target.ai_family == AF_INET);
    if (ip == nullptr) return fail("the interface has no address of the server's kind");
    socklen_t size = fill({*ip, 0}, address);
    if (bind(out.socket.fd(), reinterpret_cast<sockaddr*>(&address), size) != 0) {
      return fail("the interface's address can't be used: {}", last_error());
    }
  }
  if (connect(out.socket.fd(), target.ai_addr, target.ai_addrlen) != 0) {
    if (errno != EINPROGRESS) return fail("no connection: {}", last_error());
    if (auto done = finish_connecting(out.socket, deadline, signal); !done) return std::unexpected(done.error());
  }
  socklen_t size = sizeof address;
  if (getsockname(out.socket.fd(), reinterpret_cast<sockaddr*>(&address), &size) == 0) out.local = address_of(address);
  size = sizeof address;
  if (getpeername(out.socket.fd(), reinterpret_cast<sockaddr*>(&address), &size) == 0) out.remote = address_of(address);
  return out;
}

}  // namespace

Descriptor::~Descriptor() {
  if (fd_ >= 0) close(fd_);
}

Result<std::vector<IpAddress>> interface_addresses(const std::string& interface) {
  std::vector<IpAddress> out;
  ifaddrs* list = nullptr;
  if (getifaddrs(&list) != 0) return fail("the interfaces can't be listed: {}", last_error());
  std::unique_ptr<ifaddrs, void (*)(ifaddrs*)> owner(list, freeifaddrs);
  auto wanted = IpAddress::parse(interface);
  for (const ifaddrs* entry = list; entry != nullptr; entry = entry->ifa_next) {
    if (entry->ifa_addr == nullptr) continue;
    if (entry->ifa_addr->sa_family != AF_INET && entry->ifa_addr->sa_family != AF_INET6) continue;
    IpAddress ip = ip_of(entry->ifa_addr);
    bool named = interface == entry->ifa_name && !(ip.is_v6() && ip.is_link_local());
    if (wanted ? ip == *wanted : named) out.push_back(ip);
  }
  if (out.empty()) return fail("there is no interface '{}'", interface);
  return out;
}

Result<TcpConnection> connect_tcp(const std::string& host, uint16_t port, const std::vector<IpAddress>& from,
                                  Duration timeout, StopSignal& signal) {
  Instant deadline = SourceThread::now() + timeout;
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_ADDRCONFIG | AI_NUMERICSERV;
  if (IpAddress::parse(host)) hints.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV;
  addrinfo* list = nullptr;
  int error = getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &list);
  if (error != 0) return fail("'{}' can't be resolved: {}", host, gai_strerror(error));
  std::unique_ptr<addrinfo, void (*)(addrinfo*)> owner(list, freeaddrinfo);
  Error why{"no address"};
  for (const addrinfo* target = list; target != nullptr && !signal.stopped(); target = target->ai_next) {
    auto connection = connect_to(*target, from, deadline, signal);
    if (connection) return connection;
    why = connection.error();
  }
  return std::unexpected(std::move(why));
}

Result<UdpPair> open_udp_pair(const IpAddress& local, uint16_t min, uint16_t max, uint32_t seed) {
  uint32_t first = (uint32_t{min} + 1) / 2;  // pairs are numbered: port 2n and 2n+1
  uint32_t count = max > min ? (uint32_t{max} - 1) / 2 - first + 1 : 0;
  constexpr uint32_t kMaxTries = 512;
  for (uint32_t i = 0; i < std::min(count, kMaxTries); ++i) {
    auto port = static_cast<uint16_t>((first + (seed + i) % count) * 2);
    auto rtp = open_udp({local, port}, false);
    if (!rtp) continue;
    auto rtcp = open_udp({local, static_cast<uint16_t>(port + 1)}, false);
    if (rtcp) return UdpPair{std::move(*rtp), std::move(*rtcp), port};
  }
  return fail("no pair of UDP ports is free between {} and {}", min, max);
}

Result<UdpPair> join_group(const IpAddress& group, const IpAddress& local, uint16_t rtp_port, uint16_t rtcp_port) {
  UdpPair out;
  out.port = rtp_port;
  for (auto [place, port] : {std::pair(&out.rtp, rtp_port), std::pair(&out.rtcp, rtcp_port)}) {
    auto socket = open_udp({group, port}, true);
    if (!socket) return std::unexpected(socket.error());
    if (!group.is_v4()) return fail("only IPv4 multicast groups can be joined");
    ip_mreq request{};
    request.imr_multiaddr.s_addr = htonl(group.v4_host_order());
    request.imr_interface.s_addr = htonl(local.is_v4() ? local.v4_host_order() : 0);
    if (setsockopt(socket->fd(), IPPROTO_IP, IP_ADD_MEMBERSHIP, &request, sizeof request) != 0) {
      return fail("the multicast group can't be joined: {}", last_error());
    }
    *place = std::move(*socket);
  }
  return out;
}

bool send_udp(const Descriptor& socket, const SocketAddress& to, Bytes datagram) {
  if (!socket || to.port == 0) return false;
  sockaddr_storage address;
  socklen_t size = fill(to, address);
  return sendto(socket.fd(), datagram.data(), datagram.size(), MSG_NOSIGNAL, reinterpret_cast<sockaddr*>(&address),
                size) == static_cast<ssize_t>(datagram.size());
}

bool receive_udp(const Descriptor& socket, MutableBytes out, size_t& size, IpAddress& from) {
  sockaddr_storage address;
  socklen_t address_size = sizeof address;
  ssize_t got =
      recvfrom(socket.fd(), out.data(), out.size(), MSG_TRUNC, reinterpret_cast<sockaddr*>(&address), &address_size);
  if (got < 0) return false;
  size = static_cast<size_t>(got);
  from = address_of(address).ip;
  return true;
}

}  // namespace limen::streaming
