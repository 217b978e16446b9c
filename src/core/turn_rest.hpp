// TURN REST API: credentials and addresses of TURN servers for one PeerConnection, from an HTTP service (spec 7.4).
//
// TurnRestQuery is a plain object: fill in, run() on a background thread, read on the thread that asked. The parsers
// are pure. What the service says is bounded and checked; passwords are in no message.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "rtc/turn/relay_server.hpp"

namespace limen::core {

struct TurnUri {
  rtc::TurnTransport transport = rtc::TurnTransport::udp;
  std::string host;
  uint16_t port = 3478;
  friend bool operator==(const TurnUri&, const TurnUri&) = default;
};
// "turn:host[:port][?transport=udp|tcp|tls]", "turns:..." (TLS unless it says udp, which TLS is not).
std::optional<TurnUri> parse_turn_uri(std::string_view text);

struct TurnRestReply {
  std::string username, password;
  std::optional<uint64_t> ttl;  // seconds
  std::vector<TurnUri> uris;
};
inline constexpr size_t kMaxTurnRestReply = 64 * 1024;
inline constexpr size_t kMaxTurnRestUris = 16;
Result<TurnRestReply> parse_turn_rest_reply(std::string_view text);

// service=turn[&api=..&key=..]&username=.., every value URL-encoded.
std::string turn_rest_query(std::string_view key, std::string_view user);

struct TurnRestQuery {
  std::string url, key, user;
  bool post = true;
  int timeout = 10;  // seconds
  bool ipv6 = false;
  bool verify_tls = true;  // of the TURN servers, copied to them
  std::vector<rtc::RelayServer> servers;
  std::string failure;  // empty: there are servers
  void run();

 private:
  Result<std::string> fetch() const;
};

}  // namespace limen::core
