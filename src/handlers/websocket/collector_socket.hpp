// CollectorSocket: a WebSocket client (RFC 6455) to a collector; everything of Beast is behind it.
//
// Control thread. One connect, then one write at a time; completions never run inside the call that
// started them, and keep the socket alive. What the collector sends is read and thrown away.
#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace limen::websocket_handler {

// ws://host[:port][/path?query], wss://...; IPv6 addresses in brackets.
struct Backend {
  bool tls = false;
  std::string host;  // without brackets
  uint16_t port = 0;
  std::string target = "/";

  std::string host_header() const;
};
Result<Backend> parse_backend(std::string_view url);

struct SocketOptions {
  Backend backend;
  std::string subprotocol;  // "" for none
  bool verify_peer = true;  // of wss
};

class CollectorSocket {
 public:
  // An empty text: it went well.
  using Done = std::move_only_function<void(std::string problem)>;

  // `io`: a boost::asio::io_context.
  static std::shared_ptr<CollectorSocket> make(void* io, SocketOptions options);
  virtual ~CollectorSocket() = default;

  // Finds the host, connects, shakes hands. `ended` is called at most once, when the collector goes
  // after that.
  virtual void connect(Done done, Done ended) = 0;
  virtual void write(std::string text, Done done) = 0;
  // A farewell if the connection is open, after what is being written; its answer is not waited for.
  virtual void close() = 0;
  // Drops everything; pending completions come with a problem.
  virtual void abort() = 0;
};

}  // namespace limen::websocket_handler
