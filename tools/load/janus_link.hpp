// JanusLink: how messages of the Janus API get to the server and back: one WebSocket, or HTTP with long polls,
// either with TLS or without. Certificates are not examined: a load tester is no safe.
//
// Control thread. A link outlives its coroutines by being held in them.
#pragma once
#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/json/object.hpp>
#include <functional>
#include <memory>
#include <string>

#include "base/result.hpp"
#include "base/time.hpp"

namespace limen::load {

template <typename T = void>
using Async = boost::asio::awaitable<Result<T>>;

enum class Scheme : uint8_t { ws, wss, http, https };

struct ServerAddress {
  Scheme scheme = Scheme::ws;
  std::string host = "127.0.0.1";
  std::string port = "8188";
  std::string path = "/";
  bool tls() const { return scheme == Scheme::wss || scheme == Scheme::https; }
  std::string text() const;
};
// "ws://host:port/path", or wss, http, https; the port and path may be missing.
Result<ServerAddress> parse_server_url(const std::string& url);

struct LinkEvents {
  std::function<void(boost::json::object)> message;
  std::function<void()> ended;  // nothing more will come
};

class JanusLink {
 public:
  virtual ~JanusLink() = default;
  virtual Async<> connect() = 0;
  virtual void send(boost::json::object message) = 0;
  virtual void close() = 0;
};

std::shared_ptr<JanusLink> make_websocket_link(boost::asio::io_context& io, const ServerAddress& server,
                                               Duration timeout, LinkEvents events);
std::shared_ptr<JanusLink> make_http_link(boost::asio::io_context& io, const ServerAddress& server, Duration timeout,
                                          LinkEvents events);

}  // namespace limen::load
