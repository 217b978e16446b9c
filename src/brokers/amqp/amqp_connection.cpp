#include "brokers/amqp/amqp_connection.hpp"

#include <amqp.h>
#include <amqp_framing.h>
#include <amqp_ssl_socket.h>
#include <amqp_tcp_socket.h>

#include "base/log.hpp"

namespace limen::brokers {
namespace {

constexpr amqp_channel_t kChannel = 1;
constexpr int kFrameSize = 131'072;
constexpr timeval kPatience{5, 0};  // with each step of setting up

amqp_bytes_t bytes_of(const std::string& text) {
  return {text.size(), const_cast<char*>(text.data())};
}

std::string text_of(amqp_bytes_t bytes) {
  return bytes.len == 0 ? std::string() : std::string(static_cast<const char*>(bytes.bytes), bytes.len);
}

std::string why(const amqp_rpc_reply_t& reply) {
  if (reply.reply_type == AMQP_RESPONSE_LIBRARY_EXCEPTION) return amqp_error_string2(reply.library_error);
  if (reply.reply_type != AMQP_RESPONSE_SERVER_EXCEPTION) return "no answer";
  if (reply.reply.id == AMQP_CONNECTION_CLOSE_METHOD)
    return text_of(static_cast<amqp_connection_close_t*>(reply.reply.decoded)->reply_text);
  if (reply.reply.id == AMQP_CHANNEL_CLOSE_METHOD)
    return text_of(static_cast<amqp_channel_close_t*>(reply.reply.decoded)->reply_text);
  return "the broker refuses";
}

}  // namespace

AmqpConnection::AmqpConnection(const AmqpSettings& settings) : settings_(settings), state_(amqp_new_connection()) {}

AmqpConnection::~AmqpConnection() {
  if (state_ != nullptr) amqp_destroy_connection(state_);
}

Result<std::unique_ptr<AmqpConnection>> AmqpConnection::open(const AmqpSettings& settings) {
  std::unique_ptr<AmqpConnection> connection(new AmqpConnection(settings));
  if (connection->state_ == nullptr) return fail("no memory for a connection");
  for (auto step : {&AmqpConnection::connect, &AmqpConnection::log_in, &AmqpConnection::declare}) {
    if (auto done = (connection.get()->*step)(); !done) return std::unexpected(done.error());
  }
  return connection;
}

Result<> AmqpConnection::connect() {
  amqp_socket_t* socket = settings_.tls.enabled ? amqp_ssl_socket_new(state_) : amqp_tcp_socket_new(state_);
  if (socket == nullptr) return fail("no memory for a socket");
  if (settings_.tls.enabled) {
    if (auto set = set_tls(socket); !set) return set;
  }
  amqp_set_handshake_timeout(state_, &kPatience);
  amqp_set_rpc_timeout(state_, &kPatience);
  int code = amqp_socket_open_noblock(socket, settings_.host.c_str(), settings_.port, &kPatience);
  if (code != AMQP_STATUS_OK) return fail("{}:{}: {}", settings_.host, settings_.port, amqp_error_string2(code));
  return {};
}

Result<> AmqpConnection::set_tls(amqp_socket_t* socket) {
  const AmqpTls& tls = settings_.tls;
  amqp_ssl_socket_set_verify_peer(socket, tls.verify_peer ? 1 : 0);
  amqp_ssl_socket_set_verify_hostname(socket, tls.verify_hostname ? 1 : 0);
  if (!tls.ca_file.empty() && amqp_ssl_socket_set_cacert(socket, tls.ca_file.c_str()) != AMQP_STATUS_OK)
    return fail("'{}' cannot be read as certificates", tls.ca_file);
  if (!tls.cert_file.empty() && !tls.key_file.empty() &&
      amqp_ssl_socket_set_key(socket, tls.cert_file.c_str(), tls.key_file.c_str()) != AMQP_STATUS_OK) {
    return fail("'{}' and '{}' cannot be read as certificate and key", tls.cert_file, tls.key_file);
  }
  return {};
}

Result<> AmqpConnection::log_in() {
  amqp_rpc_reply_t reply = amqp_login(state_, settings_.vhost.c_str(), 0, kFrameSize, settings_.heartbeat,
                                      AMQP_SASL_METHOD_PLAIN, settings_.username.c_str(), settings_.password.c_str());
  if (reply.reply_type != AMQP_RESPONSE_NORMAL) return fail("cannot log in: {}", why(reply));
  amqp_channel_open(state_, kChannel);
  if (auto open = check("cannot open a channel"); !open) return open;
  amqp_confirm_select(state_, kChannel);
  return check("no publisher confirms");
}

// Consuming comes last: then only deliveries and confirmations arrive.
Result<> AmqpConnection::declare() {
  if (!settings_.exchange.empty()) {
    amqp_exchange_declare(state_, kChannel, bytes_of(settings_.exchange), bytes_of(settings_.exchange_type), 0, 0, 0, 0,
                          amqp_empty_table);
    if (auto made = check(fmt::format("exchange '{}'", settings_.exchange)); !made) return made;
  }
  for (const auto* queues : {&settings_.outgoing, &settings_.incoming}) {
    for (const AmqpQueue& queue : *queues) {
      if (auto made = declare_queue(queue); !made) return made;
    }
  }
  for (const AmqpQueue& queue : settings_.incoming) {
    amqp_basic_consume(state_, kChannel, bytes_of(queue.name), amqp_empty_bytes, 0, 1, 0, amqp_empty_table);
    if (auto consuming = check(fmt::format("queue '{}'", queue.name)); !consuming) return consuming;
  }
  return {};
}

Result<> AmqpConnection::declare_queue(const AmqpQueue& queue) {
  amqp_queue_declare(state_, kChannel, bytes_of(queue.name), 0, queue.durable ? 1 : 0, queue.exclusive ? 1 : 0,
                     queue.autodelete ? 1 : 0, amqp_empty_table);
  if (auto made = check(fmt::format("queue '{}'", queue.name)); !made) return made;
  if (queue.binding.empty() || settings_.exchange.empty()) return {};
  amqp_queue_bind(state_, kChannel, bytes_of(queue.name), bytes_of(settings_.exchange), bytes_of(queue.binding),
                  amqp_empty_table);
  return check(fmt::format("binding of queue '{}'", queue.name));
}

Result<> AmqpConnection::check(std::string_view what) {
  amqp_rpc_reply_t reply = amqp_get_rpc_reply(state_);
  if (reply.reply_type == AMQP_RESPONSE_NORMAL) return {};
  return fail("{}: {}", what, why(reply));
}

int AmqpConnection::descriptor() const {
  return amqp_get_sockfd(state_);
}

Result<> AmqpConnection::publish(const AmqpMessage& message) {
  amqp_basic_properties_t properties{};
  properties._flags = AMQP_BASIC_CONTENT_TYPE_FLAG;
  properties.content_type = amqp_cstring_bytes("application/json");
  if (!message.reply_to.empty()) {
    properties._flags |= AMQP_BASIC_REPLY_TO_FLAG;
    properties.reply_to = bytes_of(message.reply_to);
  }
  if (message.correlation_id) {
    properties._flags |= AMQP_BASIC_CORRELATION_ID_FLAG;
    properties.correlation_id = bytes_of(*message.correlation_id);
  }
  int code = amqp_basic_publish(state_, kChannel, bytes_of(settings_.exchange), bytes_of(message.routing_key), 0, 0,
                                &properties, bytes_of(message.body));
  if (code != AMQP_STATUS_OK) return fail("{}", amqp_error_string2(code));
  return {};
}

Result<AmqpConnection::Input> AmqpConnection::read() {
  for (;;) {
    amqp_maybe_release_buffers(state_);
    amqp_frame_t frame{};
    timeval now{0, 0};
    int code = amqp_simple_wait_frame_noblock(state_, &frame, &now);
    if (code == AMQP_STATUS_TIMEOUT) return Nothing{};
    if (code != AMQP_STATUS_OK) return fail("{}", amqp_error_string2(code));
    if (frame.frame_type == AMQP_FRAME_METHOD) {
      auto input = on_method(frame.payload.method);
      if (input && std::holds_alternative<Nothing>(*input)) continue;
      return input;
    }
    if (frame.frame_type == AMQP_FRAME_HEADER) {
      auto* properties = static_cast<amqp_basic_properties_t*>(frame.payload.properties.decoded);
      if ((properties->_flags & AMQP_BASIC_CORRELATION_ID_FLAG) != 0)
        partial_.correlation_id = text_of(properties->correlation_id);
      body_left_ = frame.payload.properties.body_size;
      dropping_ = body_left_ > kLargestMessage;
      if (dropping_) log::warning("[rabbitmq]", "A message of {} bytes was dropped", body_left_);
    } else if (frame.frame_type == AMQP_FRAME_BODY) {
      amqp_bytes_t part = frame.payload.body_fragment;
      body_left_ -= std::min<uint64_t>(body_left_, part.len);
      if (!dropping_) partial_.body.append(static_cast<const char*>(part.bytes), part.len);
    } else {
      continue;
    }
    if (body_left_ == 0 && !dropping_) return std::exchange(partial_, {});
  }
}

Result<AmqpConnection::Input> AmqpConnection::on_method(const amqp_method_t& method) {
  switch (method.id) {
    case AMQP_BASIC_DELIVER_METHOD:
      partial_ = {};
      partial_.routing_key = text_of(static_cast<amqp_basic_deliver_t*>(method.decoded)->routing_key);
      return Nothing{};
    case AMQP_BASIC_ACK_METHOD: {
      auto* ack = static_cast<amqp_basic_ack_t*>(method.decoded);
      return Confirmed{ack->delivery_tag, ack->multiple != 0, false};
    }
    case AMQP_BASIC_NACK_METHOD: {
      auto* nack = static_cast<amqp_basic_nack_t*>(method.decoded);
      return Confirmed{nack->delivery_tag, nack->multiple != 0, true};
    }
    case AMQP_BASIC_CANCEL_METHOD:
      return fail("the broker took a queue away");
    case AMQP_CHANNEL_CLOSE_METHOD:
      return fail("{}", text_of(static_cast<amqp_channel_close_t*>(method.decoded)->reply_text));
    case AMQP_CONNECTION_CLOSE_METHOD:
      return fail("{}", text_of(static_cast<amqp_connection_close_t*>(method.decoded)->reply_text));
    default:
      return Nothing{};
  }
}

void AmqpConnection::close() {
  amqp_connection_close(state_, AMQP_REPLY_SUCCESS);
}

}  // namespace limen::brokers
