#include "runtime/udp_port_set.hpp"

#include <net/if.h>
#include <netinet/in.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "runtime/udp_socket.hpp"

namespace limen::runtime {

struct UdpPortSet::Port {
  ~Port() {
    if (fd >= 0) ::close(fd);
  }
  int fd = -1;
  bool v4 = true;
  bool closed = false;
  UdpReceive receive;
};

namespace {

constexpr int kBuffer = 1024 * 1024;

bool set_option(int fd, int level, int name, const void* value, socklen_t size) {
  return setsockopt(fd, level, name, value, size) == 0;
}
bool set_option(int fd, int level, int name, int value) {
  return set_option(fd, level, name, &value, sizeof value);
}

// An IPv6 socket reaches IPv4 by mapped addresses.
socklen_t destination(const SocketAddress& to, bool v4_socket, sockaddr_storage& out) {
  if (v4_socket || to.ip.is_v6()) return to_sockaddr(to, 0, out);
  auto& in6 = reinterpret_cast<sockaddr_in6&>(out);
  in6 = {};
  in6.sin6_family = AF_INET6;
  in6.sin6_port = htons(to.port);
  in6.sin6_addr.s6_addr[10] = in6.sin6_addr.s6_addr[11] = 0xff;
  std::memcpy(&in6.sin6_addr.s6_addr[12], to.ip.bytes().data(), 4);
  return sizeof in6;
}

bool join(int fd, const IpAddress& group, const std::string& interface) {
  unsigned index = interface.empty() ? 0 : if_nametoindex(interface.c_str());
  if (group.is_v6()) {
    ipv6_mreq request{};
    std::memcpy(&request.ipv6mr_multiaddr, group.bytes().data(), 16);
    request.ipv6mr_interface = index;
    return set_option(fd, IPPROTO_IPV6, IPV6_JOIN_GROUP, &request, sizeof request);
  }
  ip_mreqn request{};
  std::memcpy(&request.imr_multiaddr, group.bytes().data(), 4);
  request.imr_ifindex = static_cast<int>(index);
  if (auto address = IpAddress::parse(interface); index == 0 && address && address->is_v4()) {
    std::memcpy(&request.imr_address, address->bytes().data(), 4);
  }
  return set_option(fd, IPPROTO_IP, IP_ADD_MEMBERSHIP, &request, sizeof request);
}

}  // namespace

UdpPortSet::UdpPortSet(int epoll_fd, uint32_t tag_bit, PacketPool& pool)
    : epoll_fd_(epoll_fd), tag_bit_(tag_bit), pool_(pool) {}

UdpPortSet::~UdpPortSet() = default;

uint32_t UdpPortSet::free_tag() {
  do {
    last_tag_ = last_tag_ + 1 == (tag_bit_ >> 1) ? 1 : last_tag_ + 1;
  } while (ports_.contains(last_tag_ | tag_bit_));
  return last_tag_ | tag_bit_;
}

Result<UdpPort> UdpPortSet::open(const UdpBind& bind, UdpReceive receive) {
  if (ports_.size() >= kMaxPorts) return fail("{} UDP ports are open on this media loop already", ports_.size());
  auto port = std::make_shared<Port>();
  port->v4 = bind.local.ip.is_v4();
  port->fd = socket(port->v4 ? AF_INET : AF_INET6, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (port->fd < 0) return fail("cannot open a UDP socket: {}", std::strerror(errno));
  if (!port->v4) set_option(port->fd, IPPROTO_IPV6, IPV6_V6ONLY, bind.local.ip.is_unspecified() ? 0 : 1);
  if (bind.multicast) {
    set_option(port->fd, SOL_SOCKET, SO_REUSEADDR, 1);
    // Nothing of groups that others on this machine have joined.
    if (port->v4) set_option(port->fd, IPPROTO_IP, IP_MULTICAST_ALL, 0);
  }
  set_option(port->fd, SOL_SOCKET, SO_RCVBUF, kBuffer);
  set_option(port->fd, SOL_SOCKET, SO_SNDBUF, kBuffer);
  sockaddr_storage raw{};
  socklen_t size = to_sockaddr(bind.local, 0, raw);
  if (::bind(port->fd, reinterpret_cast<sockaddr*>(&raw), size) != 0) {
    return fail("cannot bind a UDP socket on {}: {}", bind.local.to_string(), std::strerror(errno));
  }
  if (bind.multicast && !join(port->fd, *bind.multicast, bind.interface)) {
    return fail("cannot join {}: {}", bind.multicast->to_string(), std::strerror(errno));
  }
  size = sizeof raw;
  if (getsockname(port->fd, reinterpret_cast<sockaddr*>(&raw), &size) != 0) {
    return fail("cannot name a UDP socket: {}", std::strerror(errno));
  }
  uint32_t tag = free_tag();
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.u32 = tag;
  if (epoll_ctl(epoll_fd_, EPOLL_CTL_ADD, port->fd, &event) != 0) {
    return fail("cannot watch a UDP socket: {}", std::strerror(errno));
  }
  port->receive = std::move(receive);
  ports_.emplace(tag, std::move(port));
  return UdpPort{UdpPortId(tag), from_sockaddr(raw)};
}

void UdpPortSet::close(UdpPortId port) {
  auto it = ports_.find(static_cast<uint32_t>(port.value()));
  if (it == ports_.end()) return;
  it->second->closed = true;
  // The descriptor may live until a callback returns: it is not watched until then.
  epoll_ctl(epoll_fd_, EPOLL_CTL_DEL, it->second->fd, nullptr);
  ports_.erase(it);
}

bool UdpPortSet::send(UdpPortId port, const SocketAddress& to, Bytes datagram) {
  auto it = ports_.find(static_cast<uint32_t>(port.value()));
  if (it == ports_.end() || (it->second->v4 && to.ip.is_v6())) return false;
  sockaddr_storage raw{};
  socklen_t size = destination(to, it->second->v4, raw);
  ssize_t sent = -1;
  // A refusal is the answer to an earlier datagram: this one has not been tried yet.
  for (int attempt = 0; attempt < 2 && sent < 0; ++attempt) {
    sent =
        sendto(it->second->fd, datagram.data(), datagram.size(), MSG_DONTWAIT, reinterpret_cast<sockaddr*>(&raw), size);
    if (sent < 0 && errno != EINTR && errno != ECONNREFUSED) break;
  }
  if (sent >= 0) {
    ++stats_.sent;
    return true;
  }
  if (errno == EAGAIN || errno == EWOULDBLOCK || errno == ENOBUFS) ++stats_.dropped_full;
  else ++stats_.dropped_error;
  return false;
}

void UdpPortSet::handle_ready(uint32_t tag, Instant now) {
  auto it = ports_.find(tag);
  if (it == ports_.end()) return;
  std::shared_ptr<Port> port = it->second;
  for (int i = 0; i < kReadsPerTurn && !port->closed; ++i) {
    if (!read_one(*port, now)) return;
  }
}

bool UdpPortSet::read_one(Port& port, Instant now) {
  Packet packet = pool_.acquire();
  std::array<uint8_t, 1> nothing;
  if (packet) packet.set_size(kMaxDatagram);
  MutableBytes room = packet ? packet.mutable_bytes() : MutableBytes(nothing);
  sockaddr_storage from{};
  iovec vector{room.data(), room.size()};
  msghdr header{};
  header.msg_name = &from;
  header.msg_namelen = sizeof from;
  header.msg_iov = &vector;
  header.msg_iovlen = 1;
  ssize_t size = recvmsg(port.fd, &header, MSG_DONTWAIT);
  // An ICMP error of something sent earlier does not end the reading.
  if (size < 0) return errno != EAGAIN && errno != EWOULDBLOCK;
  if (!packet) {
    ++stats_.dropped_no_packet;
  } else if ((header.msg_flags & MSG_TRUNC) != 0) {
    ++stats_.dropped_large;
  } else {
    ++stats_.received;
    packet.set_size(static_cast<size_t>(size));
    packet.set_received_at(now);
    port.receive(from_sockaddr(from), std::move(packet), now);
  }
  return true;
}

}  // namespace limen::runtime
