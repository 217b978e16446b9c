// WebSocketServer: one port (or Unix socket) of the WebSockets transport and its connections.
//
// Control thread.
#pragma once
#include <memory>
#include <string>
#include <unordered_set>

#include "transports/net/listener.hpp"
#include "transports/websockets/websocket_connection.hpp"

namespace limen::websockets {

struct ServerConfig {
  std::string name;  // "ws", "admin_wss": its key in the configuration
  net::ListenPlace place;
  net::AccessList acl;
  Entrance entrance;
};

class WebSocketServer {
 public:
  static Result<std::unique_ptr<WebSocketServer>> open(TransportContext& context, ServerConfig config,
                                                       std::shared_ptr<net::TlsSource> tls);
  ~WebSocketServer() { close(); }
  void start(std::shared_ptr<Service> service);
  void close();

  const ServerConfig& config() const { return config_; }
  std::string scheme() const { return secure_ ? "wss" : "ws"; }
  uint16_t port() const { return listener_->port(); }
  std::string url() const;
  size_t connections() const { return connections_.size(); }

 private:
  WebSocketServer(ServerConfig config, bool secure, std::unique_ptr<net::Listener> listener)
      : config_(std::move(config)), secure_(secure), listener_(std::move(listener)) {}
  void turn_away(std::shared_ptr<net::ByteStream> stream);
  void accept(std::shared_ptr<net::ByteStream> stream, const net::PeerName& peer);

  ServerConfig config_;
  bool secure_;
  std::unique_ptr<net::Listener> listener_;
  std::shared_ptr<Service> service_;
  std::unordered_set<std::shared_ptr<WebSocketConnection>> connections_;
};

}  // namespace limen::websockets
