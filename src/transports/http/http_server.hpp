// HttpServer: one port of the HTTP transport: accepts, checks addresses and the connection limit, and
// owns the connections.
//
// Control thread.
#pragma once
#include <functional>
#include <memory>
#include <string>
#include <unordered_map>

#include "transports/http/http_connection.hpp"
#include "transports/http/http_service.hpp"
#include "transports/net/access_rules.hpp"
#include "transports/net/listener.hpp"

namespace limen::http {

struct ServerConfig {
  std::string name;  // of its count in `connections`: "http", "admin_https"
  net::ListenPlace place;
  net::AccessList acl;
  Entrance entrance;
  size_t connection_limit = 1020;
};

class HttpServer {
 public:
  // `limits` may be null.
  static Result<std::unique_ptr<HttpServer>> open(boost::asio::io_context& io, Executor& executor, ServerConfig config,
                                                  std::shared_ptr<net::TlsSource> tls, AddressLimits* limits);
  ~HttpServer();
  void start(std::shared_ptr<HttpService> service);
  void close();

  const ServerConfig& config() const { return config_; }
  bool secure() const { return secure_; }
  uint16_t port() const { return listener_->port(); }
  std::string url() const;
  size_t connections() const { return connections_.size(); }

 private:
  HttpServer(Executor& executor, ServerConfig config, bool secure, std::unique_ptr<net::Listener> listener,
             AddressLimits* limits)
      : executor_(executor),
        config_(std::move(config)),
        secure_(secure),
        listener_(std::move(listener)),
        limits_(limits) {}
  void turn_away(std::shared_ptr<net::ByteStream> stream);
  void accept(std::shared_ptr<net::ByteStream> stream, const net::PeerName& peer);

  Executor& executor_;
  ServerConfig config_;
  bool secure_;
  std::unique_ptr<net::Listener> listener_;
  AddressLimits* limits_;
  HttpConnection::Handler handler_;
  std::unordered_map<uint64_t, std::shared_ptr<HttpConnection>> connections_;
  uint64_t next_id_ = 1;
  bool full_ = false;
};

}  // namespace limen::http
