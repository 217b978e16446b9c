// WebSocketChannel: the WebSocket protocol (RFC 6455) on a ByteStream; everything of Beast is behind it.
//
// Control thread. One read and one write at a time; completions never run inside the call that
// started them, and keep the channel alive. Text messages out, in fragments of at most kFragment bytes.
#pragma once
#include <boost/system/error_code.hpp>

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "transports/net/byte_stream.hpp"
#include "transports/net/http_message.hpp"

namespace limen::websockets {

class WebSocketChannel : public std::enable_shared_from_this<WebSocketChannel> {
 public:
  static constexpr size_t kFragment = 2800;
  static constexpr size_t kLargestMessage = 1024 * 1024;  // in; larger ones close the connection

  using Done = std::move_only_function<void(boost::system::error_code)>;
  using Received = std::move_only_function<void(boost::system::error_code, std::string message)>;

  // `received`: what has already been read from the stream behind the handshake.
  static std::shared_ptr<WebSocketChannel> make(std::shared_ptr<net::ByteStream> stream, std::string received);
  virtual ~WebSocketChannel() = default;

  // Answers the handshake with these further headers; a wrong one is refused and is an error.
  virtual void accept(const net::HttpRequest& handshake, net::HttpHeaders headers, Done done) = 0;
  // A whole message, text or binary alike. Fails when the other side closes.
  virtual void read(Received done) = 0;
  virtual void write(std::string text, Done done) = 0;
  virtual void ping() = 0;
  // Calls back whenever a ping or pong arrives.
  virtual void on_control(std::function<void()> heard) = 0;
  virtual void close(uint16_t code, std::string_view reason, Done done) = 0;
  // Drops the connection; pending operations complete with an error.
  virtual void abort() = 0;
};

}  // namespace limen::websockets
