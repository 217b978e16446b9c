#include "transports/unix_socket/packet_socket.hpp"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstdlib>
#include <cstring>
#include <system_error>

namespace limen::unix_socket {
namespace {

constexpr int kFirstPassed = 3;
constexpr int kSendBuffer = 1024 * 1024;  // a packet cannot be larger; the kernel's limit applies

std::string errno_text(int code) {
  return std::generic_category().message(code);
}

sockaddr_un address_of(std::string_view path) {
  sockaddr_un where{};
  where.sun_family = AF_UNIX;
  std::memcpy(where.sun_path, path.data(), std::min(path.size(), sizeof where.sun_path - 1));
  return where;
}

bool in_use(const sockaddr_un& where, int type) {
  int fd = socket(AF_UNIX, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0) return false;
  bool alive = connect(fd, reinterpret_cast<const sockaddr*>(&where), sizeof where) == 0 || errno == EAGAIN ||
               errno == EPROTOTYPE;
  ::close(fd);
  return alive;
}

void widen(int fd) {
  int size = kSendBuffer;
  setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
}

int number_in(const char* name) {
  const char* text = std::getenv(name);
  int value = 0;
  if (text == nullptr) return 0;
  auto [end, error] = std::from_chars(text, text + std::strlen(text), value);
  return error == std::errc() ? value : 0;
}

}  // namespace

std::string_view name_of(SocketType type) {
  return type == SocketType::dgram ? "SOCK_DGRAM" : "SOCK_SEQPACKET";
}

Result<BoundSocket> bind_packet_socket(const std::string& path, SocketType type) {
  int kind = type == SocketType::dgram ? SOCK_DGRAM : SOCK_SEQPACKET;
  sockaddr_un where = address_of(path);
  BoundSocket open{.fd = -1, .path = where.sun_path, .type = type};
  struct stat facts{};
  if (lstat(open.path.c_str(), &facts) == 0) {
    if (!S_ISSOCK(facts.st_mode)) return fail("'{}' exists and is not a socket", open.path);
    if (in_use(where, kind)) return fail("'{}' is already in use by another program", open.path);
    unlink(open.path.c_str());  // left behind; if it cannot be removed, bind says so
  }
  open.fd = socket(AF_UNIX, kind | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (open.fd >= 0 && bind(open.fd, reinterpret_cast<sockaddr*>(&where), sizeof where) == 0 &&
      (type == SocketType::dgram || listen(open.fd, SOMAXCONN) == 0)) {
    if (type == SocketType::dgram) widen(open.fd);
    return open;
  }
  int code = errno;
  if (open.fd >= 0) ::close(open.fd);
  return fail("'{}': {}", open.path, errno_text(code));
}

std::optional<BoundSocket> passed_socket(int index) {
  if (number_in("LISTEN_PID") != getpid() || index >= number_in("LISTEN_FDS")) return std::nullopt;
  BoundSocket passed{.fd = kFirstPassed + index, .path = {}, .type = SocketType::seqpacket};
  int kind = 0;
  socklen_t length = sizeof kind;
  sockaddr_un where{};
  socklen_t where_length = sizeof where;
  if (getsockopt(passed.fd, SOL_SOCKET, SO_TYPE, &kind, &length) != 0 ||
      getsockname(passed.fd, reinterpret_cast<sockaddr*>(&where), &where_length) != 0 || where.sun_family != AF_UNIX ||
      (kind != SOCK_DGRAM && kind != SOCK_SEQPACKET)) {
    return std::nullopt;
  }
  passed.type = kind == SOCK_DGRAM ? SocketType::dgram : SocketType::seqpacket;
  fcntl(passed.fd, F_SETFL, fcntl(passed.fd, F_GETFL) | O_NONBLOCK);
  fcntl(passed.fd, F_SETFD, FD_CLOEXEC);
  if (passed.type == SocketType::dgram) widen(passed.fd);
  return passed;
}

void close_bound_socket(BoundSocket& socket) {
  if (socket.fd >= 0) ::close(socket.fd);
  socket.fd = -1;
  if (!socket.path.empty()) unlink(socket.path.c_str());
  socket.path.clear();
}

int accept_connection(int fd) {
  int accepted = accept4(fd, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
  if (accepted >= 0) widen(accepted);
  return accepted;
}

Received receive_message(int fd, std::string& into, size_t most) {
  into.resize(most + 1);
  sockaddr_un from{};
  iovec part{into.data(), into.size()};
  msghdr message{};
  message.msg_name = &from;
  message.msg_namelen = sizeof from;
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  ssize_t size = recvmsg(fd, &message, MSG_DONTWAIT);
  if (size < 0) {
    bool later = errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR;
    return {later ? Received::What::nothing_now : Received::What::closed, {}};
  }
  Received received{Received::What::message, {}};
  if (message.msg_namelen > offsetof(sockaddr_un, sun_path) && from.sun_path[0] != '\0') {
    received.from.assign(from.sun_path, strnlen(from.sun_path, message.msg_namelen - offsetof(sockaddr_un, sun_path)));
  }
  if ((message.msg_flags & MSG_TRUNC) != 0 || static_cast<size_t>(size) > most) {
    received.what = Received::What::too_large;
  } else if (size == 0) {
    received.what = Received::What::closed;  // of a connection; an empty datagram says nothing either
  }
  into.resize(std::min(static_cast<size_t>(size), most));
  return received;
}

Sent send_message(int fd, std::string_view text, const std::string& to) {
  sockaddr_un where = address_of(to);
  ssize_t size = to.empty() ? send(fd, text.data(), text.size(), MSG_DONTWAIT | MSG_NOSIGNAL)
                            : sendto(fd, text.data(), text.size(), MSG_DONTWAIT | MSG_NOSIGNAL,
                                     reinterpret_cast<sockaddr*>(&where), sizeof where);
  if (size >= 0) return Sent::done;
  if (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR || errno == ENOBUFS) return Sent::later;
  return errno == EMSGSIZE ? Sent::too_large : Sent::gone;
}

}  // namespace limen::unix_socket
