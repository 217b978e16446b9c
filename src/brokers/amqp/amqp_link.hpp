// AmqpLink: one connection to a RabbitMQ broker (AMQP 0-9-1), kept up (spec 6.3, 8.4).
//
// Control thread; a thread of its own does everything with the broker. Publishes are confirmed by the
// broker (confirm.select); what is not confirmed when a connection breaks is published again on the
// next one, which comes after a growing pause. What waits is bounded.
#pragma once
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/executor.hpp"
#include "base/result.hpp"
#include "brokers/outbox.hpp"

namespace limen::brokers {

struct AmqpTls {
  bool enabled = false;
  bool verify_peer = false;
  bool verify_hostname = false;
  std::string ca_file, cert_file, key_file;  // PEM; "": none
};

struct AmqpQueue {
  std::string name;
  std::string binding;  // routing key that binds it to the exchange; "": not bound
  bool durable = false;
  bool autodelete = false;
  bool exclusive = false;
};

struct AmqpSettings {
  std::string host = "localhost";
  uint16_t port = 5672;
  std::string username = "guest", password = "guest", vhost = "/";
  int heartbeat = 0;  // seconds; 0: none
  AmqpTls tls;
  std::string exchange;  // "": the default exchange
  std::string exchange_type = "fanout";
  std::vector<AmqpQueue> incoming;  // declared and consumed
  std::vector<AmqpQueue> outgoing;  // declared
};

struct AmqpMessage {  // out
  std::string routing_key;
  std::string body;
  std::string reply_to;  // "": none
  std::optional<std::string> correlation_id;
  int attempts = 0;  // the link's own

  size_t size() const { return routing_key.size() + body.size() + 64; }
};

struct AmqpDelivery {  // in
  std::string routing_key;
  std::string body;
  std::optional<std::string> correlation_id;
};

struct AmqpState {
  bool connected = false;
  std::string text;  // why not
};

class AmqpLink {
 public:
  struct Callbacks {  // on the control thread
    std::function<void(AmqpDelivery)> on_delivery;
    std::function<void(const AmqpState&)> on_state;
  };

  AmqpLink(AmqpSettings settings, Executor& executor, Callbacks callbacks, OutboxLimits limits = {});
  ~AmqpLink();  // publishes what can be published in a moment
  AmqpLink(const AmqpLink&) = delete;
  AmqpLink& operator=(const AmqpLink&) = delete;

  // Waits for the outcome of the first attempt; blocks.
  Result<> wait_for_first_attempt(std::chrono::milliseconds at_most);
  // The number of older messages that were dropped for it.
  uint64_t publish(AmqpMessage message);
  OutboxFigures figures() const;

 private:
  class Worker;
  std::unique_ptr<Worker> worker_;
};

}  // namespace limen::brokers
