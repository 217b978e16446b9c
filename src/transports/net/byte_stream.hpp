// ByteStream: one accepted connection, plain TCP, Unix or TLS, behind one type, so that HTTP and
// WebSocket code is compiled once for all of them.
//
// Control thread. Completions never run inside the call that started them. At most one read and one
// write at a time. Whoever started an operation keeps the stream alive until it completes.
#pragma once
#include <boost/asio/buffer.hpp>
#include <boost/system/error_code.hpp>

#include <functional>
#include <memory>
#include <span>
#include <string>

#include "base/net_address.hpp"

namespace boost::asio {
class io_context;
}

namespace limen::net {

// The other end: `ip` is an address without IPv4 mapping, or "unix" for Unix sockets.
struct PeerName {
  std::string ip;
  uint16_t port = 0;
};

class ByteStream {
 public:
  using Done = std::move_only_function<void(boost::system::error_code)>;
  using Transferred = std::move_only_function<void(boost::system::error_code, size_t)>;

  virtual ~ByteStream() = default;
  // TLS handshake; nothing on plain streams.
  virtual void handshake(Done done) = 0;
  virtual void read_some(std::span<const boost::asio::mutable_buffer> into, Transferred done) = 0;
  virtual void write_some(std::span<const boost::asio::const_buffer> bytes, Transferred done) = 0;
  // Says goodbye (TLS close_notify) and ends the sending direction; reading stays possible.
  virtual void shutdown(Done done) = 0;
  // At once; pending operations complete with an error.
  virtual void close() = 0;
  virtual bool encrypted() const = 0;
  virtual boost::asio::io_context& context() = 0;
};

}  // namespace limen::net
