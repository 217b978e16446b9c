// The sockets of an RTSP source: a TCP connection, and pairs of UDP ports. Non-blocking; one thread.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/bytes.hpp"
#include "base/net_address.hpp"
#include "base/result.hpp"
#include "base/time.hpp"
#include "plugins/streaming/ingest/source_thread.hpp"

namespace limen::streaming {

// A file descriptor that is closed with its owner.
class Descriptor {
 public:
  Descriptor() = default;
  explicit Descriptor(int fd) : fd_(fd) {}
  Descriptor(Descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~Descriptor();
  int fd() const { return fd_; }
  explicit operator bool() const { return fd_ >= 0; }

 private:
  int fd_ = -1;
};

// The addresses of an interface, given by its name or one of its addresses. Fails if it is not there.
Result<std::vector<IpAddress>> interface_addresses(const std::string& interface);

struct TcpConnection {
  Descriptor socket;
  SocketAddress local, remote;
};
// Resolves and connects, trying all addresses; until `timeout` has passed or `signal` says stop. `from`: local
// addresses to choose from; empty: any.
Result<TcpConnection> connect_tcp(const std::string& host, uint16_t port, const std::vector<IpAddress>& from,
                                  Duration timeout, StopSignal& signal);

struct UdpPair {
  Descriptor rtp, rtcp;
  uint16_t port = 0;  // even; RTCP is the next one
};
// An even port and the next one, free both, within the range; `seed` says where the search begins.
Result<UdpPair> open_udp_pair(const IpAddress& local, uint16_t min, uint16_t max, uint32_t seed);
// Sockets that hear a multicast group.
Result<UdpPair> join_group(const IpAddress& group, const IpAddress& local, uint16_t rtp_port, uint16_t rtcp_port);

bool send_udp(const Descriptor& socket, const SocketAddress& to, Bytes datagram);
// The next datagram; false if there is none. `out` is room for the largest one; longer ones are cut, `size` tells.
bool receive_udp(const Descriptor& socket, MutableBytes out, size_t& size, IpAddress& from);

}  // namespace limen::streaming
