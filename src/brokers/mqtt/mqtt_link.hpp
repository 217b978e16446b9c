// MqttLink: one client of an MQTT broker (3.1, 3.1.1 and 5), kept connected (spec 6.4, 8.4).
//
// Control thread; a thread of its own drives the Paho client, whose threads only leave notes for it.
// After each connect it subscribes and says what was asked for. What was published and not confirmed
// (QoS 1 and 2) is published again after an outage; what waits is bounded.
#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/executor.hpp"
#include "brokers/outbox.hpp"

namespace limen::brokers {

struct MqttMessage {
  std::string topic;
  std::string payload;
  int qos = 1;
  bool retain = false;
  // MQTT 5 only.
  std::string response_topic;  // "": none
  std::optional<std::string> correlation_data;
  std::vector<std::pair<std::string, std::string>> user_properties;

  int attempts = 0;  // the link's own: how often it was handed to the library

  size_t size() const { return topic.size() + payload.size() + 64; }
};

struct MqttTls {
  bool enabled = false;
  bool verify_peer = false;
  bool verify_hostname = false;
  std::string ca_file, cert_file, key_file;  // PEM; "": none
  std::string ciphers;                       // "": the library's
};

struct MqttSubscription {
  std::string topic;
  int qos = 1;
};

struct MqttSettings {
  std::string url = "tcp://localhost:1883";
  int version = 4;  // 3: 3.1; 4: 3.1.1; 5: 5
  std::string client_id, username, password;
  int keep_alive = 20;  // seconds
  bool clean_session = false;
  int max_inflight = 10;         // QoS 1 and 2 messages on the way
  int max_buffered = 100;        // handed to the library and not confirmed
  int disconnect_timeout = 100;  // ms for the goodbye
  MqttTls tls;
  std::optional<MqttMessage> will;
  std::vector<MqttSubscription> subscriptions;  // made in this order after each connect
  std::optional<MqttMessage> hello;             // published then
  std::optional<MqttMessage> goodbye;           // published at a clean stop
};

// "3.1", "3.1.1", "5" -> version; nullopt: none of them.
std::optional<int> mqtt_version_of(std::string_view text);

struct MqttState {
  enum class What : uint8_t { connected, disconnected, reconnecting, failed };
  What what = What::connected;
  int code = 0;  // the library's or the broker's
  std::string text;
};

class MqttLink {
 public:
  struct Callbacks {  // on the control thread
    std::function<void(MqttMessage)> on_message;
    std::function<void(const MqttState&)> on_state;
  };

  MqttLink(MqttSettings settings, Executor& executor, Callbacks callbacks, OutboxLimits limits = {});
  ~MqttLink();  // says goodbye, for disconnect_timeout at most
  MqttLink(const MqttLink&) = delete;
  MqttLink& operator=(const MqttLink&) = delete;

  // The number of older messages that were dropped for it.
  uint64_t publish(MqttMessage message);
  OutboxFigures figures() const;

 private:
  class Worker;
  std::unique_ptr<Worker> worker_;
};

}  // namespace limen::brokers
