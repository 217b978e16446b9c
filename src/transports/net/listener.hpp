// Listener: one listening socket (TCP, dual stack by default, or Unix) and its accept loop.
//
// Control thread.
#pragma once
#include <functional>
#include <memory>
#include <string>

#include "base/executor.hpp"
#include "base/result.hpp"
#include "transports/net/byte_stream.hpp"
#include "transports/net/tls_source.hpp"

namespace limen::net {

struct ListenPlace {
  uint16_t port = 0;
  std::string ip;         // "" = all, both families; "0.0.0.0" or "::" = all of one family
  std::string interface;  // its first IPv4 address
  std::string unix_path;  // wins over all of the above
  // Names in error texts.
  std::string port_key;  // "port"
  std::string file;      // "janus.transport.http.jcfg, group general"
};

class Listener {
 public:
  using Accepted = std::move_only_function<void(std::shared_ptr<ByteStream>, const PeerName&)>;

  // Binds and listens; errors say which address, why, and which key to change. With `tls` the
  // streams are encrypted (the handshake is the receiver's to start).
  static Result<std::unique_ptr<Listener>> open(boost::asio::io_context& io, Executor& executor,
                                                const ListenPlace& place, std::shared_ptr<TlsSource> tls);
  ~Listener();
  void start(Accepted on_accepted);
  void close();
  uint16_t port() const;  // the real one, also if 0 was asked for
  // Host for a URL people can click: "localhost" where all addresses are bound.
  std::string url_host() const;

 private:
  struct State;
  explicit Listener(std::shared_ptr<State> state) : state_(std::move(state)) {}
  std::shared_ptr<State> state_;
};

}  // namespace limen::net
