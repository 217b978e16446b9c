#include "transports/websockets/websocket_connection.hpp"

#include <array>

#include "base/log.hpp"
#include "transports/net/farewell.hpp"

namespace limen::websockets {
namespace {

using boost::system::error_code;

constexpr std::string_view kTag = "[websockets]";
constexpr net::HttpLimits kHandshakeLimits{.header_bytes = 16 * 1024, .body_bytes = 0};

bool offers(const net::HttpRequest& request, std::string_view subprotocol) {
  for (const auto& [name, value] : request.headers) {
    if (!config::same_text(name, "Sec-WebSocket-Protocol")) continue;
    std::string_view list = value;
    while (!list.empty()) {
      std::string_view item = list.substr(0, list.find(','));
      list.remove_prefix(std::min(list.size(), item.size() + 1));
      while (item.starts_with(' ') || item.starts_with('\t')) item.remove_prefix(1);
      while (item.ends_with(' ') || item.ends_with('\t')) item.remove_suffix(1);
      if (item == subprotocol) return true;
    }
  }
  return false;
}

}  // namespace

struct WebSocketConnection::Handshake {
  net::HttpRequestParser parser{kHandshakeLimits};
  std::array<char, 4096> chunk;
  std::string received;  // not parsed yet
};

std::shared_ptr<WebSocketConnection> WebSocketConnection::make(std::shared_ptr<Service> service,
                                                               const Entrance& entrance,
                                                               std::shared_ptr<net::ByteStream> stream,
                                                               net::PeerName peer, Closed closed) {
  std::shared_ptr<WebSocketConnection> connection(
      new WebSocketConnection(std::move(service), entrance, std::move(stream), std::move(peer), std::move(closed)));
  connection->self_ = connection;
  return connection;
}

WebSocketConnection::WebSocketConnection(std::shared_ptr<Service> service, const Entrance& entrance,
                                         std::shared_ptr<net::ByteStream> stream, net::PeerName peer, Closed closed)
    : service_(std::move(service)),
      entrance_(entrance),
      stream_(std::move(stream)),
      peer_(std::move(peer)),
      closed_(std::move(closed)),
      id_(fmt::format("{}", service_->context.random().u64())),
      handshake_(std::make_unique<Handshake>()) {}

WebSocketConnection::~WebSocketConnection() = default;

void WebSocketConnection::start() {
  last_heard_ = executor().now();
  give_up_ = last_heard_ + kHandshakeTime;
  watch();
  stream_->handshake([self = self()](error_code failure) {
    if (self->phase_ == Phase::closed) return;
    if (failure) return self->end("TLS handshake failed");
    self->read_handshake();
  });
}

void WebSocketConnection::read_handshake() {
  boost::asio::mutable_buffer into(handshake_->chunk.data(), handshake_->chunk.size());
  stream_->read_some({&into, 1}, [self = self()](error_code failure, size_t size) {
    if (self->phase_ == Phase::closed) return;
    if (failure) return self->end("closed during the handshake");
    auto& [parser, chunk, received] = *self->handshake_;
    received.append(chunk.data(), size);
    received.erase(0, parser.feed(received));
    switch (parser.state()) {
      case net::HttpRequestParser::State::need_more:
      case net::HttpRequestParser::State::wants_continue:
        return self->read_handshake();
      case net::HttpRequestParser::State::failed:
        return self->refuse(parser.failure_status() == 413 ? 403 : parser.failure_status(), "Not a handshake");
      case net::HttpRequestParser::State::complete:
        return self->on_handshake(parser.take());
    }
  });
}

void WebSocketConnection::on_handshake(const net::HttpRequest& request) {
  if (!request.upgrade) return refuse(403, "This port is for WebSockets only");
  std::string_view forwarded = request.header("X-Forwarded-For");
  if (!forwarded.empty() && !entrance_.forwarded.allows(forwarded)) return refuse(403, "Address not allowed");
  if (!service_->origins.allows(request.header("Origin"))) return refuse(403, "Origin not allowed");
  if (!offers(request, entrance_.subprotocol())) {
    return refuse(400, fmt::format("The WebSocket subprotocol '{}' is required here", entrance_.subprotocol()));
  }
  if (!find_address(forwarded)) return refuse(429, "Too many connections of this address");
  accept(request);
}

// False: the address that a proxy tells has too many connections.
bool WebSocketConnection::find_address(std::string_view forwarded) {
  address_ = peer_.ip;
  AddressLimits* limits = service_->context.limits();
  if (limits == nullptr) return true;
  address_ = limits->client_address(peer_.ip, forwarded);
  if (address_ == peer_.ip) return true;
  seat_ = limits->take_connection(address_);
  return seat_ != nullptr;
}

void WebSocketConnection::refuse(int status, std::string_view why) {
  log::verbose(kTag, "Refused a handshake of {}: {}", peer_.ip, why);
  net::HttpResponse response;
  response.status = status;
  response.headers.emplace_back("Content-Type", "text/plain; charset=utf-8");
  if (status == 429) response.headers.emplace_back("Retry-After", "5");
  response.body = fmt::format("{}\n", why);
  response.close = true;
  auto stream = std::exchange(stream_, nullptr);
  net::say_farewell(std::move(stream), to_wire(response, executor().wall_time()), executor());
  end(why);
}

void WebSocketConnection::accept(const net::HttpRequest& handshake) {
  channel_ = WebSocketChannel::make(stream_, std::move(handshake_->received));
  handshake_.reset();
  net::HttpHeaders headers{{"Sec-WebSocket-Protocol", std::string(entrance_.subprotocol())},
                           {"Access-Control-Allow-Origin", std::string(service_->origins.answer())}};
  channel_->accept(handshake, std::move(headers), [self = self()](error_code failure) {
    if (self->phase_ == Phase::closed) return;
    if (failure) return self->end("bad handshake");
    self->on_open();
  });
}

void WebSocketConnection::on_open() {
  if (service_->stopped) return end("the server stops");
  phase_ = Phase::open;
  give_up_ = kNever;
  last_heard_ = executor().now();
  std::weak_ptr<WebSocketConnection> weak = self_;
  channel_->on_control([weak] {
    if (auto self = weak.lock()) self->heard();
  });
  if (service_->log_connections) log::info(kTag, "Connection {} from {} opened", id_, peer_.ip);
  notify({{"event", "connected"}, {"admin_api", entrance_.admin}, {"ip", peer_.ip}});
  watch();
  read_message();
  write_next();
}

void WebSocketConnection::read_message() {
  channel_->read([self = self()](error_code failure, const std::string& message) {
    if (self->phase_ == Phase::closed) return;
    if (failure) return self->end(failure.message());
    self->heard();
    if (self->phase_ == Phase::open) self->on_message(message);
    if (self->phase_ != Phase::closed) self->read_message();
  });
}

void WebSocketConnection::on_message(const std::string& message) {
  auto values = parse_json_sequence(message);
  if (!values) {
    service_->context.sink().handle_unparsable(self(), values.error(), [weak = self_](const Json& json) {
      if (auto self = weak.lock()) self->send(json);
    });
    return;
  }
  for (Json& value : *values) {
    if (phase_ != Phase::open || service_->stopped) return;
    handle(std::move(value));
  }
}

void WebSocketConnection::handle(Json message) {
  Request request;
  request.client = self();
  request.admin = entrance_.admin;
  request.message = std::move(message);
  request.reply = [weak = self_](const Json& json) {
    if (auto self = weak.lock()) self->send(json);
  };
  service_->context.sink().handle(std::move(request));
}

void WebSocketConnection::send_event(SessionId /*session*/, const Json& event) {
  send(event);
}

void WebSocketConnection::send(const Json& json) {
  if (phase_ != Phase::open || service_->stopped) return;
  std::string text = write_json(json, service_->settings.json);
  if (queued_bytes_ + text.size() > kMostQueued) {
    log::warning(kTag, "{} reads too slowly: {} bytes wait for it, its connection is closed", peer_.ip, queued_bytes_);
    // Not from here: the core may be in the middle of something that needs this client.
    phase_ = Phase::closing;
    executor().post([self = self()] { self->end("too slow"); });
    return;
  }
  queued_bytes_ += text.size();
  queue_.push_back(std::move(text));
  write_next();
}

void WebSocketConnection::write_next() {
  if (writing_ || queue_.empty() || phase_ == Phase::closed) return;
  writing_ = true;
  std::string text = std::move(queue_.front());
  queue_.pop_front();
  size_t size = text.size();
  if (phase_ == Phase::open) give_up_ = executor().now() + kWriteTime;
  watch();
  channel_->write(std::move(text), [self = self(), size](error_code failure) {
    self->writing_ = false;
    self->queued_bytes_ -= size;
    if (self->phase_ == Phase::closed) return;
    if (failure) return self->end(failure.message());
    if (self->phase_ == Phase::open) self->give_up_ = kNever;
    self->write_next();
  });
}

void WebSocketConnection::heard() {
  last_heard_ = executor().now();
  pinged_ = false;
}

// When something has to be done if nothing happens until then.
Instant WebSocketConnection::next_deadline() const {
  if (!pings()) return give_up_;
  return std::min(give_up_, last_heard_ + service_->ping_after + (pinged_ ? service_->ping_timeout : Duration{}));
}

bool WebSocketConnection::pings() const {
  return phase_ == Phase::open && service_->ping_after > Duration{} && service_->ping_timeout > Duration{};
}

// One timer for all deadlines: one that comes too early looks again.
void WebSocketConnection::watch() {
  Instant next = next_deadline();
  if (next == kNever || (timer_ && timer_at_ <= next)) return;
  if (timer_) executor().cancel(timer_);
  timer_at_ = next;
  timer_ = executor().call_at(next, [weak = self_] {
    if (auto self = weak.lock()) self->on_timer();
  });
}

void WebSocketConnection::on_timer() {
  timer_ = {};
  if (phase_ == Phase::closed) return;
  Instant now = executor().now();
  if (now >= give_up_) return end("no progress");
  if (pings()) {
    Duration silence = now - last_heard_;
    if (silence >= service_->ping_after + service_->ping_timeout) return end("no sign of life");
    if (silence >= service_->ping_after && !std::exchange(pinged_, true)) channel_->ping();
  }
  watch();
}

void WebSocketConnection::close(uint16_t code, std::string_view reason) {
  if (phase_ != Phase::open) return end(reason);
  phase_ = Phase::closing;
  give_up_ = executor().now() + kCloseTime;
  watch();
  channel_->close(code, reason, [self = self()](error_code) { self->end("closed by the server"); });
}

void WebSocketConnection::end(std::string_view why) {
  if (phase_ == Phase::closed) return;
  bool was_open = phase_ != Phase::handshake;
  phase_ = Phase::closed;
  if (timer_) executor().cancel(timer_);
  timer_ = {};
  if (channel_) channel_->abort();
  else if (stream_) stream_->close();
  auto keep = self();
  seat_.reset();
  if (closed_) std::exchange(closed_, nullptr)();
  if (!was_open || service_->stopped) return;
  if (service_->log_connections) log::info(kTag, "Connection {} from {} closed: {}", id_, peer_.ip, why);
  notify({{"event", "disconnected"}});
  service_->context.sink().client_gone(keep);
}

void WebSocketConnection::notify(JsonObject data) {
  if (service_->stopped || !service_->settings.events || !service_->context.sink().events_enabled()) return;
  service_->context.sink().notify_transport_event(kPackage, id_, std::move(data));
}

}  // namespace limen::websockets
