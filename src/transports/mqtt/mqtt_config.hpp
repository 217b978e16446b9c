// janus.transport.mqtt.jcfg as values (spec 6.4).
#pragma once
#include <string>
#include <utility>
#include <vector>

#include "base/result.hpp"
#include "brokers/mqtt/mqtt_link.hpp"
#include "config/describe.hpp"

namespace limen::mqtt_transport {

inline constexpr std::string_view kPackage = "janus.transport.mqtt";

struct GeneralConfig {
  std::string json = "compact";
  bool events = true, enabled = false;
  std::string url = "tcp://localhost:1883", mqtt_version = "3.1.1", client_id = "guest";
  std::string username = "guest", password = "guest";
  int keep_alive_interval = 20;
  bool cleansession = false;
  int max_inflight = 10, max_buffered = 100, disconnect_timeout = 100;
  std::string subscribe_topic, publish_topic;
  int subscribe_qos = 1, publish_qos = 1;
  bool ssl_enabled = false, verify_peer = false;
  std::string cacertfile, certfile, keyfile;
  int vacuum_interval = 60;
  std::vector<std::string> proxy_transaction_user_properties;
  std::vector<std::pair<std::string, std::string>> add_transaction_user_properties;
};

struct AdminConfig {
  bool admin_enabled = false;
  std::string subscribe_topic, publish_topic;
  int subscribe_qos = 1, publish_qos = 1;
};

struct StatusConfig {
  bool enabled = false;
  std::string connect_message, disconnect_message, topic = "status";
  int qos = 1;
  bool retain = false;
};

struct MqttConfig {
  GeneralConfig general;
  AdminConfig admin;
  StatusConfig status;

  bool enabled() const { return general.enabled || admin.admin_enabled; }
  brokers::MqttSettings settings() const;
};

// Reads <folder>/janus.transport.mqtt.jcfg; an error: it is enabled and cannot work.
Result<MqttConfig> read_mqtt_config(const std::string& folder, config::Findings& findings);

template <typename V>
void describe(V& v, GeneralConfig& c) {
  v.field("json", c.json, "How JSON is written").one_of({"indented", "plain", "compact"});
  v.field("events", c.events, "Tell event handlers about the connection");
  v.field("enabled", c.enabled, "Serve the Janus API through MQTT").legacy("enable");
  v.field("url", c.url, "The broker: tcp://host:port or ssl://host:port");
  v.field("mqtt_version", c.mqtt_version, "3.1, 3.1.1 or 5");
  v.field("client_id", c.client_id, "Name of this client; must be the only one of its name at the broker");
  v.field("username", c.username, "User name at the broker");
  v.field("password", c.password, "Password at the broker");
  v.field("keep_alive_interval", c.keep_alive_interval, "Seconds between signs of life").range(0, 65'535);
  v.field("cleansession", c.cleansession, "Let the broker forget this client when it goes");
  v.field("max_inflight", c.max_inflight, "Messages on the way to the broker").range(1, 65'535);
  v.field("max_buffered", c.max_buffered, "Messages handed over and not confirmed").range(1, 65'535);
  v.field("disconnect_timeout", c.disconnect_timeout, "Milliseconds that the goodbye may take").range(0, 10'000);
  v.field("subscribe_topic", c.subscribe_topic, "Topic of requests");
  v.field("publish_topic", c.publish_topic, "Topic of answers and events");
  v.field("subscribe_qos", c.subscribe_qos, "Quality of service of requests").range(0, 2);
  v.field("publish_qos", c.publish_qos, "Quality of service of answers and events").range(0, 2);
  v.field("ssl_enabled", c.ssl_enabled, "Use TLS (url with ssl://)").legacy("ssl_enable");
  v.field("verify_peer", c.verify_peer, "Refuse a broker whose certificate cannot be trusted");
  v.field("cacertfile", c.cacertfile, "Certificates to trust, PEM");
  v.field("certfile", c.certfile, "Certificate of this client, PEM");
  v.field("keyfile", c.keyfile, "Its private key, PEM");
  v.field("vacuum_interval", c.vacuum_interval, "MQTT 5: seconds that properties of a request are kept")
      .range(1, 86'400);
  v.field("proxy_transaction_user_properties", c.proxy_transaction_user_properties,
          "MQTT 5: user properties copied from a request to what answers it");
  v.ignore("add_transaction_user_properties");
}

template <typename V>
void describe(V& v, AdminConfig& c) {
  v.field("admin_enabled", c.admin_enabled, "Serve the admin API through MQTT");
  v.field("subscribe_topic", c.subscribe_topic, "Topic of requests");
  v.field("publish_topic", c.publish_topic, "Topic of answers");
  v.field("subscribe_qos", c.subscribe_qos, "Quality of service of requests").range(0, 2);
  v.field("publish_qos", c.publish_qos, "Accepted and not used: that of group general counts").range(0, 2);
}

template <typename V>
void describe(V& v, StatusConfig& c) {
  v.field("enabled", c.enabled, "Publish status messages");
  v.field("connect_message", c.connect_message, "Published after each connect; absent: nothing");
  v.field("disconnect_message", c.disconnect_message,
          "Published at the end, and by the broker when this client is lost");
  v.field("topic", c.topic, "Topic of status messages");
  v.field("qos", c.qos, "Their quality of service").range(0, 2);
  v.field("retain", c.retain, "Let the broker keep the last one");
}

}  // namespace limen::mqtt_transport
