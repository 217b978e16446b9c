// UdpSocket: one bound, non-blocking UDP socket, ready for GSO and GRO.
//
// Bound to one address, never the wildcard, so that what leaves has the source address that was
// advertised. Used by one thread at a time.
#pragma once
#include <sys/socket.h>

#include <cstdint>
#include <expected>

#include "base/net_address.hpp"
#include "base/result.hpp"

namespace limen::runtime {

// An address to bind; link-local ones need the index of their interface.
struct BindAddress {
  IpAddress ip;
  uint32_t scope = 0;
};

struct UdpOptions {
  int dscp = 0;                          // TOS byte = dscp << 2; 0 leaves it alone
  int receive_buffer = 4 * 1024 * 1024;  // bytes asked for; the kernel may grant less
  int send_buffer = 4 * 1024 * 1024;
  bool gro = true;
  bool gso = true;
  bool share_port = false;  // SO_REUSEPORT: several sockets of this process on one port
};

struct BindError {
  bool port_taken = false;  // another port may do
  Error error;
};

class UdpSocket {
 public:
  // Port 0: any free one.
  static std::expected<UdpSocket, BindError> open(const BindAddress& address, uint16_t port, const UdpOptions& options);
  UdpSocket(UdpSocket&& other) noexcept;
  UdpSocket& operator=(UdpSocket&& other) noexcept;
  ~UdpSocket();

  int fd() const { return fd_; }
  const SocketAddress& local() const { return local_; }
  uint32_t scope() const { return scope_; }
  bool gro() const { return gro_; }  // the kernel agreed
  int receive_buffer() const;        // as granted

 private:
  explicit UdpSocket(int fd) : fd_(fd) {}
  int fd_ = -1;
  SocketAddress local_;
  uint32_t scope_ = 0;
  bool gro_ = false;
};

// Between values and the kernel's form. `scope` is used for link-local IPv6 only.
socklen_t to_sockaddr(const SocketAddress& address, uint32_t scope, sockaddr_storage& out);
SocketAddress from_sockaddr(const sockaddr_storage& address);

}  // namespace limen::runtime
