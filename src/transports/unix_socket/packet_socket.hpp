// System calls of the transport: sockets that keep message boundaries, bound to a path.
//
// Any thread; nothing here blocks.
#pragma once
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace limen::unix_socket {

enum class SocketType : uint8_t { seqpacket, dgram };
std::string_view name_of(SocketType type);  // "SOCK_SEQPACKET"

struct BoundSocket {
  int fd = -1;
  std::string path;  // removed at the end; "" if systemd made it
  SocketType type = SocketType::seqpacket;
};

// Makes and binds; a socket left behind at `path` is replaced, one in use and other files are errors. Paths
// longer than the platform allows (107 bytes) are cut, as the contract says.
Result<BoundSocket> bind_packet_socket(const std::string& path, SocketType type);
// The `index`th descriptor that systemd passed to this process (sd_listen_fds(3)); nullopt: none.
std::optional<BoundSocket> passed_socket(int index);
void close_bound_socket(BoundSocket& socket);

int accept_connection(int fd);  // -1: errno says why

struct Received {
  enum class What : uint8_t { message, nothing_now, too_large, closed };
  What what = What::nothing_now;
  std::string from;  // path of the sender of a datagram; "" if it is not bound
};
// One message into `into`, which keeps its capacity; longer ones than `most` bytes are dropped.
Received receive_message(int fd, std::string& into, size_t most);

enum class Sent : uint8_t { done, later, too_large, gone };
// `to`: path of a datagram's receiver; "" on connections.
Sent send_message(int fd, std::string_view text, const std::string& to);

}  // namespace limen::unix_socket
