// The system calls behind Listener: binding with precise errors, and names of peers.
#pragma once
#include <string>

#include "base/result.hpp"
#include "transports/net/listener.hpp"

namespace limen::net {

struct ListeningSocket {
  int fd = -1;  // owned by whoever took it; not closed here
  int family = 0;
  uint16_t port = 0;
  std::string name;       // "port 8088 (all addresses)" for logs
  std::string url_host;   // "localhost", "192.0.2.1", "[2001:db8::1]"
  std::string unix_path;  // removed at the end if still ours
};

// Non-blocking, close-on-exec, listening.
Result<ListeningSocket> open_listening_socket(const ListenPlace& place);
void close_listening_socket(ListeningSocket& socket);
void remove_unix_path(const ListeningSocket& socket);
PeerName peer_of(int fd);
// No Nagle delay; nothing for Unix sockets.
void prepare_connection(int fd);

}  // namespace limen::net
