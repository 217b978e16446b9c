// Questions to the network that wait for an answer: a name's address, a STUN server's view of us.
//
// Plain objects: fill in, run() on a background thread, read on the thread that asked.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/net_address.hpp"
#include "base/time.hpp"

namespace limen::core {

struct NameLookup {
  std::string name;   // host name or address
  bool ipv6 = false;  // IPv6 answers may be used too; IPv4 is preferred
  std::optional<IpAddress> address;
  int64_t elapsed_us = 0;
  void run();
};

// Whose datagrams reach a port of ours that has written to somebody: everybody's, those of the same address, or of the
// same address and port (RFC 5780 section 4.4).
enum class NatFiltering : uint8_t { endpoint_independent, address_dependent, address_and_port_dependent };

enum class StunFailure : uint8_t { none, unresolved, request, answer };

struct StunTest {
  std::string server;
  uint16_t port = 3478;
  uint16_t local_port = 0;
  bool ipv6 = false;
  std::optional<SocketAddress> server_address;
  bool ask_elsewhere = false;           // also the server's other address, if it has one (RFC 5780)
  std::optional<SocketAddress> local;   // as which the question left
  std::optional<SocketAddress> mapped;  // as the server saw it
  std::optional<SocketAddress> mapped_elsewhere;
  std::optional<NatFiltering> filtering;  // with `ask_elsewhere`
  StunFailure failure = StunFailure::none;
  std::string reason;  // for the log
  int64_t elapsed_us = 0;
  void run();

 private:
  void ask_others();
  void fail_request(std::string_view what);
};

std::string_view stun_failure_text(StunFailure failure);

}  // namespace limen::core
