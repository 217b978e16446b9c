// MessageClient: the one client behind a transport that carries whole messages and knows no
// connections (RabbitMQ, MQTT, Nanomsg: spec 6.3 to 6.5). It never goes, so only session timeouts end
// its sessions.
//
// Control thread.
#pragma once
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "api/transport.hpp"
#include "transports/net/transport_settings.hpp"

namespace limen::net {

class MessageClient final : public Client, public std::enable_shared_from_this<MessageClient> {
 public:
  // Takes what goes out. `correlation`: what receive() was given with the request that this answers;
  // nullopt for events.
  using Send = std::function<void(const Json& message, const std::optional<std::string>& correlation)>;

  MessageClient(TransportContext& context, std::string_view package, bool admin, Send send);

  // One JSON text; what is none is answered with an error.
  void receive(std::string_view text, std::optional<std::string> correlation = std::nullopt);
  // Tells event handlers something of this client, if `settings` and the core want it.
  void notify(const TransportSettings& settings, JsonObject data);
  // Answers that still come are dropped.
  void close() { send_ = nullptr; }

  // Client
  std::string_view transport() const override { return package_; }
  std::string id() const override { return id_; }
  void send_event(SessionId session, const Json& event) override;
  bool connection_oriented() const override { return false; }

 private:
  TransportContext& context_;
  std::string_view package_;
  bool admin_;
  Send send_;
  std::string id_;
};

}  // namespace limen::net
