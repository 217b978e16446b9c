// janus.transport.rabbitmq.jcfg as values (spec 6.3).
#pragma once
#include <string>

#include "base/result.hpp"
#include "brokers/amqp/amqp_link.hpp"
#include "config/describe.hpp"

namespace limen::rabbitmq_transport {

inline constexpr std::string_view kPackage = "janus.transport.rabbitmq";

struct GeneralConfig {
  std::string json = "compact";
  bool events = true, enabled = false;
  std::string host = "localhost";
  uint16_t port = 5672;
  std::string username = "guest", password = "guest", vhost = "/";
  std::string janus_exchange, janus_exchange_type = "fanout";
  std::string queue_name, to_janus, from_janus;
  bool declare_outgoing_queue = true;
  bool queue_durable = false, queue_autodelete = false, queue_exclusive = false;
  int heartbeat = 0;
  bool ssl_enabled = false, ssl_verify_peer = false, ssl_verify_hostname = false;
  std::string ssl_cacert, ssl_cert, ssl_key;
};

struct AdminConfig {
  bool admin_enabled = false;
  std::string queue_name_admin, to_janus_admin, from_janus_admin;
  bool declare_outgoing_queue_admin = true;
  bool queue_durable_admin = false, queue_autodelete_admin = false, queue_exclusive_admin = false;
};

struct RabbitMqConfig {
  GeneralConfig general;
  AdminConfig admin;

  bool enabled() const { return general.enabled || admin.admin_enabled; }
  brokers::AmqpSettings settings() const;
};

// Reads <folder>/janus.transport.rabbitmq.jcfg; an error: it is enabled and cannot work.
Result<RabbitMqConfig> read_rabbitmq_config(const std::string& folder, config::Findings& findings);

template <typename V>
void describe(V& v, GeneralConfig& c) {
  v.field("json", c.json, "How JSON is written").one_of({"indented", "plain", "compact"});
  v.field("events", c.events, "Tell event handlers about the connection");
  v.field("enabled", c.enabled, "Serve the Janus API through RabbitMQ").legacy("enable");
  v.field("host", c.host, "The broker's address");
  v.field("port", c.port, "The broker's port; by convention 5671 with TLS");
  v.field("username", c.username, "User name at the broker");
  v.field("password", c.password, "Password at the broker");
  v.field("vhost", c.vhost, "Virtual host at the broker");
  v.field("janus_exchange", c.janus_exchange, "Exchange to publish to; absent: the default exchange");
  v.field("janus_exchange_type", c.janus_exchange_type, "How it distributes")
      .one_of({"fanout", "direct", "topic", "headers"});
  v.field("queue_name", c.queue_name, "Queue of requests, bound with to_janus; absent: to_janus is the queue");
  v.field("to_janus", c.to_janus, "Queue, or routing key, of requests");
  v.field("from_janus", c.from_janus, "Routing key, and queue, of answers and events");
  v.field("declare_outgoing_queue", c.declare_outgoing_queue, "Make the queue from_janus");
  v.field("queue_durable", c.queue_durable, "The queue of requests outlives the broker");
  v.field("queue_autodelete", c.queue_autodelete, "The queue of requests goes with this server");
  v.field("queue_exclusive", c.queue_exclusive, "Nobody else may read the queue of requests");
  v.field("heartbeat", c.heartbeat, "Seconds without a sign of life until the connection is given up; 0: never")
      .range(0, 65'535);
  v.field("ssl_enabled", c.ssl_enabled, "Use TLS").legacy("ssl_enable");
  v.field("ssl_verify_peer", c.ssl_verify_peer, "Refuse a broker whose certificate cannot be trusted");
  v.field("ssl_verify_hostname", c.ssl_verify_hostname, "Refuse a certificate of another host");
  v.field("ssl_cacert", c.ssl_cacert, "Certificates to trust, PEM");
  v.field("ssl_cert", c.ssl_cert, "Certificate of this client, PEM");
  v.field("ssl_key", c.ssl_key, "Its private key, PEM");
}

template <typename V>
void describe(V& v, AdminConfig& c) {
  v.field("admin_enabled", c.admin_enabled, "Serve the admin API through RabbitMQ");
  v.field("queue_name_admin", c.queue_name_admin, "Queue of requests, bound with to_janus_admin");
  v.field("to_janus_admin", c.to_janus_admin, "Queue, or routing key, of requests");
  v.field("from_janus_admin", c.from_janus_admin, "Routing key, and queue, of answers");
  v.field("declare_outgoing_queue_admin", c.declare_outgoing_queue_admin, "Make the queue from_janus_admin");
  v.field("queue_durable_admin", c.queue_durable_admin, "The queue of requests outlives the broker");
  v.field("queue_autodelete_admin", c.queue_autodelete_admin, "The queue of requests goes with this server");
  v.field("queue_exclusive_admin", c.queue_exclusive_admin, "Nobody else may read the queue of requests");
}

}  // namespace limen::rabbitmq_transport
