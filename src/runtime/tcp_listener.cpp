#include "runtime/tcp_listener.hpp"

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

namespace limen::runtime {
namespace {

constexpr int kBacklog = 128;

BindError failure(const char* what, const SocketAddress& address, int error) {
  std::string text = error == EADDRNOTAVAIL ? "the address is not on this machine" : std::strerror(error);
  return {error == EADDRINUSE || error == EACCES,
          Error{fmt::format("cannot {} a TCP socket on {}: {}", what, address.to_string(), text)}};
}

}  // namespace

FileDescriptor::FileDescriptor(FileDescriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}

FileDescriptor& FileDescriptor::operator=(FileDescriptor&& other) noexcept {
  std::swap(fd_, other.fd_);
  return *this;
}

FileDescriptor::~FileDescriptor() {
  if (fd_ >= 0) close(fd_);
}

std::expected<TcpListener, BindError> TcpListener::open(const BindAddress& address, uint16_t port, bool share_port) {
  SocketAddress wanted{address.ip, port};
  bool v4 = address.ip.is_v4();
  FileDescriptor fd(socket(v4 ? AF_INET : AF_INET6, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!fd) return std::unexpected(failure("open", wanted, errno));
  int one = 1;
  if (!v4 && setsockopt(fd.get(), IPPROTO_IPV6, IPV6_V6ONLY, &one, sizeof one) != 0) {
    return std::unexpected(failure("open", wanted, errno));
  }
  // Connections of an earlier run that are still dying do not keep the port.
  if (setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &one, sizeof one) != 0) {
    return std::unexpected(failure("open", wanted, errno));
  }
  if (share_port && setsockopt(fd.get(), SOL_SOCKET, SO_REUSEPORT, &one, sizeof one) != 0) {
    return std::unexpected(failure("share", wanted, errno));
  }
  sockaddr_storage raw{};
  socklen_t size = to_sockaddr(wanted, address.scope, raw);
  if (bind(fd.get(), reinterpret_cast<sockaddr*>(&raw), size) != 0 || listen(fd.get(), kBacklog) != 0) {
    return std::unexpected(failure("listen with", wanted, errno));
  }
  size = sizeof raw;
  if (getsockname(fd.get(), reinterpret_cast<sockaddr*>(&raw), &size) != 0) {
    return std::unexpected(failure("name", wanted, errno));
  }
  return TcpListener(std::move(fd), from_sockaddr(raw), address.scope);
}

}  // namespace limen::runtime
