#include "transports/websockets/websocket_server.hpp"

#include "base/log.hpp"
#include "transports/net/farewell.hpp"

namespace limen::websockets {

Result<std::unique_ptr<WebSocketServer>> WebSocketServer::open(TransportContext& context, ServerConfig config,
                                                               std::shared_ptr<net::TlsSource> tls) {
  auto& io = *static_cast<boost::asio::io_context*>(context.io_context());
  bool secure = tls != nullptr;
  auto listener = net::Listener::open(io, context.executor(), config.place, std::move(tls));
  if (!listener) return std::unexpected(listener.error());
  return std::unique_ptr<WebSocketServer>(new WebSocketServer(std::move(config), secure, std::move(*listener)));
}

void WebSocketServer::start(std::shared_ptr<Service> service) {
  service_ = std::move(service);
  listener_->start([this](auto stream, const net::PeerName& peer) { accept(std::move(stream), peer); });
}

void WebSocketServer::close() {
  listener_->close();
  // The close frame leaves at once if the socket takes it; nobody waits for the client's.
  auto connections = std::exchange(connections_, {});
  for (const auto& connection : connections) {
    connection->close(1001, "the server stops");
    connection->abort();
  }
}

std::string WebSocketServer::url() const {
  if (!config_.place.unix_path.empty()) return fmt::format("{}+unix:{}", scheme(), config_.place.unix_path);
  return fmt::format("{}://{}:{}", scheme(), listener_->url_host(), port());
}

// Not over TLS: a handshake is what a flood would want.
void WebSocketServer::turn_away(std::shared_ptr<net::ByteStream> stream) {
  if (secure_) return stream->close();
  Executor& executor = service_->context.executor();
  net::HttpResponse response;
  response.status = 429;
  response.headers.emplace_back("Retry-After", "5");
  response.close = true;
  net::say_farewell(std::move(stream), to_wire(response, executor.wall_time()), executor);
}

void WebSocketServer::accept(std::shared_ptr<net::ByteStream> stream, const net::PeerName& peer) {
  if (peer.ip != "unix" && !config_.acl.allows(peer.ip)) {
    log::verbose("[websockets]", "Refused a connection from {}: not in the ACL of {}", peer.ip, config_.name);
    return stream->close();
  }
  AddressLimits* limits = service_->context.limits();
  AddressLimits::Seat seat = limits == nullptr ? nullptr : limits->take_connection(peer.ip);
  if (limits != nullptr && !seat) return turn_away(std::move(stream));
  auto slot = std::make_shared<std::weak_ptr<WebSocketConnection>>();
  auto connection = WebSocketConnection::make(service_, config_.entrance, std::move(stream), peer, [this, slot] {
    if (auto closed = slot->lock()) connections_.erase(closed);
  });
  connection->hold(std::move(seat));
  *slot = connection;
  connections_.insert(connection);
  connection->start();
}

}  // namespace limen::websockets
