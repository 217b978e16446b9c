// MdnsSockets: the multicast sockets of a resolver (RFC 6762): one per address family, on every interface.
//
// Bound to port 5353 beside other responders where the system allows it, so that answers to the group are
// heard; else to any port, to which responders answer directly (section 6.7). Blocking; a background thread's.
#pragma once
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "base/bytes.hpp"
#include "base/time.hpp"
#include "runtime/interfaces.hpp"
#include "runtime/tcp_listener.hpp"

namespace limen::core {

class MdnsSockets {
 public:
  static constexpr uint16_t kPort = 5353;

  // Empty `interfaces`: there will be nothing to ask on, see ok().
  MdnsSockets(const std::vector<runtime::Interface>& interfaces, bool ipv6);

  bool ok() const { return !sockets_.empty(); }
  const std::string& failure() const { return failure_; }

  // To the group, on every interface.
  void send(Bytes query);
  // Waits for messages from responders and hands out what has come.
  void wait(Duration longest, const std::function<void(Bytes)>& sink);

 private:
  struct Socket {
    runtime::FileDescriptor fd;
    bool v4;
    std::vector<uint32_t> interfaces;
  };
  void open(bool v4, const std::vector<runtime::Interface>& interfaces);
  void receive(const Socket& socket, const std::function<void(Bytes)>& sink);

  std::vector<Socket> sockets_;
  std::string failure_;
};

}  // namespace limen::core
