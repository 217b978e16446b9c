// TcpListener: one listening, non-blocking TCP socket for ICE-TCP (RFC 6544), bound to one address.
//
// Used by one thread at a time.
#pragma once
#include <cstdint>
#include <expected>

#include "base/net_address.hpp"
#include "runtime/udp_socket.hpp"

namespace limen::runtime {

// Owns a file descriptor.
class FileDescriptor {
 public:
  explicit FileDescriptor(int fd = -1) : fd_(fd) {}
  FileDescriptor(FileDescriptor&& other) noexcept;
  FileDescriptor& operator=(FileDescriptor&& other) noexcept;
  ~FileDescriptor();
  int get() const { return fd_; }
  explicit operator bool() const { return fd_ >= 0; }

 private:
  int fd_;
};

class TcpListener {
 public:
  // Port 0: any free one. `share_port`: several listeners of this process on one port.
  static std::expected<TcpListener, BindError> open(const BindAddress& address, uint16_t port, bool share_port = false);

  int fd() const { return fd_.get(); }
  const SocketAddress& local() const { return local_; }
  uint32_t scope() const { return scope_; }

 private:
  TcpListener(FileDescriptor fd, const SocketAddress& local, uint32_t scope)
      : fd_(std::move(fd)), local_(local), scope_(scope) {}
  FileDescriptor fd_;
  SocketAddress local_;
  uint32_t scope_;
};

}  // namespace limen::runtime
