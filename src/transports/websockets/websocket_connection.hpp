// WebSocketConnection: one client over WebSocket: handshake, requests in, replies and events out in one
// ordered queue (spec 6.2).
//
// Control thread. Kept alive by its pending operations; the core holds it as a Client. It may own any
// number of sessions. Every wait and every queue is bounded (see the k* limits).
#pragma once
#include <functional>
#include <list>
#include <memory>
#include <string>

#include "api/transport.hpp"
#include "transports/net/access_rules.hpp"
#include "transports/net/byte_stream.hpp"
#include "transports/net/http_message.hpp"
#include "transports/net/transport_settings.hpp"
#include "transports/websockets/websocket_channel.hpp"

namespace limen::websockets {

inline constexpr std::string_view kPackage = "janus.transport.websockets";

// What all connections of the transport share; outlives it through them, so `stopped` is asked first.
struct Service {
  explicit Service(TransportContext& c) : context(c) {}
  TransportContext& context;
  net::TransportSettings settings;
  net::OriginRules origins;
  Duration ping_after{};  // 0: no pings
  Duration ping_timeout{};
  bool log_connections = false;
  bool stopped = false;
};

// What the port of a connection says about it.
struct Entrance {
  bool admin = false;
  net::AccessList forwarded;  // X-Forwarded-For; empty: not checked
  std::string_view subprotocol() const { return admin ? "janus-admin-protocol" : "janus-protocol"; }
};

class WebSocketConnection final : public Client {
 public:
  static constexpr Duration kHandshakeTime = std::chrono::seconds(15);  // TLS and HTTP together
  static constexpr Duration kWriteTime = std::chrono::seconds(60);      // for one message
  static constexpr Duration kCloseTime = std::chrono::seconds(5);       // for the closing handshake
  static constexpr size_t kMostQueued = 8 * 1024 * 1024;                // bytes; slower clients are closed

  using Closed = std::function<void()>;

  static std::shared_ptr<WebSocketConnection> make(std::shared_ptr<Service> service, const Entrance& entrance,
                                                   std::shared_ptr<net::ByteStream> stream, net::PeerName peer,
                                                   Closed closed);
  void start();
  // What this connection counts as, of its address.
  void hold(AddressLimits::Seat seat) { seat_ = std::move(seat); }
  // Says goodbye if possible, then ends; nothing is reported to the core after stop() of the transport.
  void close(uint16_t code, std::string_view reason);
  void abort() { end("closed by the server"); }

  ~WebSocketConnection() override;

  // Client
  std::string_view transport() const override { return kPackage; }
  std::string id() const override { return id_; }
  std::string address() const override { return address_; }
  void send_event(SessionId session, const Json& event) override;

 private:
  enum class Phase : uint8_t { handshake, open, closing, closed };

  WebSocketConnection(std::shared_ptr<Service> service, const Entrance& entrance,
                      std::shared_ptr<net::ByteStream> stream, net::PeerName peer, Closed closed);
  std::shared_ptr<WebSocketConnection> self() { return self_.lock(); }
  void read_handshake();
  void on_handshake(const net::HttpRequest& request);
  bool find_address(std::string_view forwarded);
  void refuse(int status, std::string_view why);
  void accept(const net::HttpRequest& handshake);
  void on_open();
  void read_message();
  void on_message(const std::string& message);
  void handle(Json message);
  void send(const Json& json);
  void write_next();
  void watch();
  void on_timer();
  Instant next_deadline() const;
  bool pings() const;
  void heard();
  void end(std::string_view why);
  void notify(JsonObject data);
  Executor& executor() { return service_->context.executor(); }

  std::shared_ptr<Service> service_;
  Entrance entrance_;
  std::shared_ptr<net::ByteStream> stream_;
  net::PeerName peer_;
  std::string address_;  // of the client, which may be behind a proxy
  AddressLimits::Seat seat_;
  Closed closed_;
  std::string id_;
  std::weak_ptr<WebSocketConnection> self_;
  Phase phase_ = Phase::handshake;
  struct Handshake;
  std::unique_ptr<Handshake> handshake_;  // while it lasts: thousands of connections may be idle
  std::shared_ptr<WebSocketChannel> channel_;
  std::list<std::string> queue_;  // costs nothing while it is empty
  size_t queued_bytes_ = 0;
  bool writing_ = false;
  bool pinged_ = false;
  Instant last_heard_{};
  Instant give_up_ = kNever;  // handshake, write or closing must have made progress by then
  TimerId timer_;
  Instant timer_at_{};
};

}  // namespace limen::websockets
