#include "core/media/relay_link.hpp"

#include <utility>

#include "wire/stun/turn_frames.hpp"

namespace limen::core {

RelayLink::~RelayLink() {
  close();
}

void RelayLink::close() {
  if (port_) ports_->close(std::exchange(port_, {}));
  if (stream_) streams_->close(std::exchange(stream_, {}));
  tls_.reset();
  unread_.clear();
  announced_ = false;
}

Result<> RelayLink::open(const rtc::RelayServer& server) {
  bool same_port =
      port_ && server.transport == rtc::TurnTransport::udp && server.address.ip.is_v4() == server_.address.ip.is_v4();
  server_ = server;
  if (same_port) return {};
  close();
  return over_stream() ? open_stream() : open_port();
}

Result<> RelayLink::open_port() {
  if (ports_ == nullptr) return fail("this media loop has no UDP ports to lend");
  UdpBind bind;
  if (server_.address.ip.is_v6()) bind.local.ip = *IpAddress::parse("::");
  auto port = ports_->open(bind, [weak = weak_from_this()](const SocketAddress& from, Packet packet, Instant now) {
    auto self = weak.lock();
    if (self && from == self->server_.address) self->callbacks_.message(std::move(packet), now);
  });
  if (!port) return std::unexpected(port.error());
  port_ = port->id;
  return {};
}

Result<> RelayLink::open_stream() {
  if (streams_ == nullptr) return fail("this media loop opens no TCP connections");
  if (server_.transport == rtc::TurnTransport::tls) {
    std::string name = server_.host.empty() ? server_.address.ip.to_string() : server_.host;
    auto tls = crypto::TlsClient::create({name, server_.verify_tls});
    if (!tls) return std::unexpected(tls.error());
    tls_ = std::move(*tls);
  }
  StreamCallbacks callbacks;
  auto weak = weak_from_this();
  callbacks.connected = [weak](Instant now) {
    if (auto self = weak.lock()) self->on_connected(now);
  };
  callbacks.received = [weak](Bytes bytes, Instant now) {
    if (auto self = weak.lock()) self->on_bytes(bytes, now);
  };
  callbacks.ended = [weak](std::string why, Instant now) {
    if (auto self = weak.lock()) self->on_broken(std::move(why), now);
  };
  auto stream = streams_->connect(server_.address, std::move(callbacks));
  if (!stream) return std::unexpected(stream.error());
  stream_ = *stream;
  return {};
}

void RelayLink::on_connected(Instant now) {
  if (!tls_) {
    announced_ = true;
    return callbacks_.ready(now);
  }
  tls_->start();
  send_encrypted();
}

void RelayLink::send_encrypted() {
  std::vector<uint8_t> out = tls_->take_outgoing();
  if (!out.empty()) streams_->send(stream_, out);
}

void RelayLink::on_bytes(Bytes bytes, Instant now) {
  if (!tls_) return on_plain(bytes, now);
  bool alive = tls_->receive(bytes);
  send_encrypted();
  if (tls_->established() && !std::exchange(announced_, true)) {
    callbacks_.ready(now);
    if (!tls_) return;  // closed from inside
  }
  std::vector<uint8_t> plain = tls_->take_plain();
  if (!plain.empty()) on_plain(plain, now);
  if (!alive && tls_) on_broken(tls_->failure(), now);
}

void RelayLink::on_plain(Bytes bytes, Instant now) {
  unread_.insert(unread_.end(), bytes.begin(), bytes.end());
  std::vector<uint8_t> taken = std::exchange(unread_, {});
  Bytes rest = taken;
  StreamId stream = stream_;
  while (!rest.empty()) {
    stun::TurnFrame frame = stun::next_turn_frame(rest);
    if (frame.status == stun::TurnFrame::Status::broken) return on_broken("it does not speak TURN", now);
    if (frame.status == stun::TurnFrame::Status::incomplete) break;
    // Larger than any datagram: not for us, as a cut one would not be.
    Packet packet = packets_.copy(rest.first(frame.size), now);
    rest = rest.subspan(frame.consumed);
    if (packet) callbacks_.message(std::move(packet), now);
    if (stream_ != stream) return;  // closed from inside, or another server's by now
  }
  unread_.assign(rest.begin(), rest.end());
}

void RelayLink::on_broken(std::string why, Instant now) {
  close();
  callbacks_.broken(std::move(why), now);
}

void RelayLink::send(Bytes message) {
  if (port_) {
    ports_->send(port_, server_.address, message);
  } else if (!tls_) {
    if (stream_) streams_->send(stream_, message);
  } else if (tls_->send(message)) {
    send_encrypted();
  }
}

}  // namespace limen::core
