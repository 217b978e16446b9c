// AmqpConnection: rabbitmq-c for one connection with one channel: set up, publish, read.
//
// The link's thread; every call is bounded in time but publish(), which ends when the descriptor is
// shut down from outside.
#pragma once
#include <cstdint>
#include <memory>
#include <string>
#include <variant>

#include "base/result.hpp"
#include "brokers/amqp/amqp_link.hpp"

struct amqp_connection_state_t_;
struct amqp_socket_t_;
struct amqp_method_t_;

namespace limen::brokers {

class AmqpConnection {
 public:
  static constexpr size_t kLargestMessage = 8 * 1024 * 1024;  // bytes; larger deliveries are dropped

  struct Confirmed {        // by the broker
    uint64_t tag = 0;       // publishes count from 1
    bool multiple = false;  // and all before
    bool refused = false;
  };
  struct Nothing {};  // at this moment
  using Input = std::variant<Nothing, AmqpDelivery, Confirmed>;

  static Result<std::unique_ptr<AmqpConnection>> open(const AmqpSettings& settings);
  ~AmqpConnection();
  AmqpConnection(const AmqpConnection&) = delete;
  AmqpConnection& operator=(const AmqpConnection&) = delete;

  int descriptor() const;
  Result<> publish(const AmqpMessage& message);
  // What has come, without waiting; also keeps heartbeats going. An error: the connection is over.
  Result<Input> read();
  void close();  // politely

 private:
  explicit AmqpConnection(const AmqpSettings& settings);
  Result<> connect();
  Result<> set_tls(amqp_socket_t_* socket);
  Result<> log_in();
  Result<> declare();
  Result<> declare_queue(const AmqpQueue& queue);
  Result<Input> on_method(const amqp_method_t_& method);
  Result<> check(std::string_view what);

  const AmqpSettings& settings_;
  amqp_connection_state_t_* state_;
  // A delivery in parts: method, header, body frames.
  AmqpDelivery partial_;
  uint64_t body_left_ = 0;
  bool dropping_ = false;
};

}  // namespace limen::brokers
