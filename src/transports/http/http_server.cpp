#include "transports/http/http_server.hpp"

#include "base/log.hpp"
#include "transports/net/farewell.hpp"

namespace limen::http {

Result<std::unique_ptr<HttpServer>> HttpServer::open(boost::asio::io_context& io, Executor& executor,
                                                     ServerConfig config, std::shared_ptr<net::TlsSource> tls,
                                                     AddressLimits* limits) {
  bool secure = tls != nullptr;
  auto listener = net::Listener::open(io, executor, config.place, std::move(tls));
  if (!listener) return std::unexpected(listener.error());
  return std::unique_ptr<HttpServer>(new HttpServer(executor, std::move(config), secure, std::move(*listener), limits));
}

HttpServer::~HttpServer() {
  close();
}

void HttpServer::start(std::shared_ptr<HttpService> service) {
  // A connection may have one more turn after this server has gone: it holds what it needs.
  auto entrance = std::make_shared<const Entrance>(config_.entrance);
  handler_ = [service = std::move(service), entrance](const auto& exchange, net::HttpRequest request) {
    service->handle(exchange, std::move(request), *entrance);
  };
  listener_->start([this](auto stream, const net::PeerName& peer) { accept(std::move(stream), peer); });
}

void HttpServer::close() {
  listener_->close();
  auto connections = std::exchange(connections_, {});
  for (auto& [id, connection] : connections) connection->close();
}

std::string HttpServer::url() const {
  return fmt::format("{}://{}:{}{}", secure_ ? "https" : "http", listener_->url_host(), port(),
                     config_.entrance.base_path);
}

// Not over TLS: a handshake is what a flood would want.
void HttpServer::turn_away(std::shared_ptr<net::ByteStream> stream) {
  if (secure_) return stream->close();
  net::HttpResponse response;
  response.status = 429;
  response.headers.emplace_back("Retry-After", "5");
  response.close = true;
  net::say_farewell(std::move(stream), to_wire(response, executor_.wall_time()), executor_);
}

void HttpServer::accept(std::shared_ptr<net::ByteStream> stream, const net::PeerName& peer) {
  if (!config_.acl.allows(peer.ip)) {
    log::verbose("[http]", "Refused a connection from {}: not in the ACL of {}", peer.ip, config_.name);
    return stream->close();
  }
  if (connections_.size() >= config_.connection_limit) {
    if (!full_) {
      log::warning("[http]", "{}: {} connections are open, further ones are refused (mhd_connection_limit)",
                   config_.name, connections_.size());
    }
    full_ = true;
    return stream->close();
  }
  full_ = false;
  AddressLimits::Seat seat = limits_ == nullptr ? nullptr : limits_->take_connection(peer.ip);
  if (limits_ != nullptr && !seat) return turn_away(std::move(stream));
  uint64_t id = next_id_++;
  auto connection =
      std::make_shared<HttpConnection>(id, std::move(stream), peer, executor_, handler_,
                                       [this, seat = std::move(seat)](uint64_t closed) { connections_.erase(closed); });
  connections_.emplace(id, connection);
  connection->start();
}

}  // namespace limen::http
