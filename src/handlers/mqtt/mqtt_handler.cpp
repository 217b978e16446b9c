#include "handlers/mqtt/mqtt_handler.hpp"

#include "base/log.hpp"
#include "base/url_text.hpp"
#include "brokers/mqtt/mqtt_config.hpp"
#include "handlers/shared/event_names.hpp"
#include "handlers/shared/event_queue.hpp"
#include "handlers/shared/handler_settings.hpp"

namespace limen {
namespace mqtt_handler {
namespace {

using brokers::MqttMessage;
using brokers::MqttState;

constexpr std::string_view kTag = "[mqttevh]";
constexpr std::string_view kPackage = "janus.eventhandler.mqttevh";

const ModuleInfo kInfo{.package = std::string(kPackage),
                       .library = "libjanus_mqttevh.so",
                       .name = "JANUS MQTTEventHandler plugin",
                       .author = "Limen",
                       .description = "An MQTT event handler plugin for Janus.",
                       .version_string = "0.1.0",
                       .version = 1};

struct Config {
  handlers::CommonConfig common;
  std::string url = "tcp://localhost:1883", mqtt_version = "3.1.1", client_id = "guest", username, password;
  int keep_alive_interval = 30;
  bool cleansession = false;
  int max_inflight = 10, max_buffered = 100, disconnect_timeout = 100;
  std::string topic = "/janus/events";
  int qos = 0;
  bool retain = false, addevent = true;
  std::string connect_status = R"({"event": "connected", "eventhandler": "janus.eventhandler.mqttevh"})";
  std::string disconnect_status = R"({"event": "disconnected"})";
  bool will_enabled = false, will_retain = true;
  int will_qos = 0;
  bool tls_enable = false, tls_verify_peer = false, tls_verify_hostname = false;
  std::string tls_cacert, tls_client_cert, tls_client_key, tls_ciphers, tls_version;
  std::vector<std::pair<std::string, std::string>> add_user_properties;

  brokers::MqttSettings settings() const;
};

template <typename V>
void describe(V& v, Config& c) {
  handlers::describe_common(v, c.common);
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
  v.field("topic", c.topic, "Topic under which events are published");
  v.field("qos", c.qos, "Quality of service of events").range(0, 2);
  v.field("retain", c.retain, "Let the broker keep the last event of each topic");
  v.field("addevent", c.addevent, "Accepted and not used: there is a topic for each type of events always");
  v.field("connect_status", c.connect_status, "Published to <topic>/status after each connect");
  v.field("disconnect_status", c.disconnect_status, "Published to <topic>/status at the end");
  v.field("will_enabled", c.will_enabled, "Let the broker publish disconnect_status when this client is lost");
  v.field("will_retain", c.will_retain, "Let the broker keep the status");
  v.field("will_qos", c.will_qos, "Quality of service of the status").range(0, 2);
  v.field("tls_enable", c.tls_enable, "Use TLS (url with ssl://)").legacy("ssl_enable");
  v.field("tls_verify_peer", c.tls_verify_peer, "Refuse a broker whose certificate cannot be trusted")
      .legacy("ssl_verify_peer");
  v.field("tls_verify_hostname", c.tls_verify_hostname, "Refuse a certificate of another host")
      .legacy("ssl_verify_hostname");
  v.field("tls_cacert", c.tls_cacert, "Certificates to trust, PEM").legacy("ssl_cacert");
  v.field("tls_client_cert", c.tls_client_cert, "Certificate of this client, PEM").legacy("ssl_client_cert");
  v.field("tls_client_key", c.tls_client_key, "Its private key, PEM").legacy("ssl_client_key");
  v.field("tls_ciphers", c.tls_ciphers, "Ciphers (OpenSSL list)");
  v.field("tls_version", c.tls_version, "Accepted and not used: the best that both sides know");
  v.ignore("add_user_properties");
}

brokers::MqttSettings Config::settings() const {
  brokers::MqttSettings s;
  s.url = url;
  s.version = brokers::mqtt_version_of(mqtt_version).value_or(4);
  s.client_id = client_id;
  s.username = username;
  s.password = password;
  s.keep_alive = keep_alive_interval;
  s.clean_session = cleansession;
  s.max_inflight = max_inflight;
  s.max_buffered = max_buffered;
  s.disconnect_timeout = disconnect_timeout;
  s.tls = {tls_enable, tls_verify_peer, tls_verify_hostname, tls_cacert, tls_client_cert, tls_client_key, tls_ciphers};
  auto status = [this](const std::string& text, bool retained) -> std::optional<MqttMessage> {
    if (text.empty()) return std::nullopt;
    MqttMessage message;
    message.topic = topic + "/status";
    message.payload = text;
    message.qos = will_qos;
    message.retain = retained;
    return message;
  };
  s.hello = status(connect_status, will_retain);
  s.goodbye = status(disconnect_status, true);
  if (will_enabled) s.will = status(disconnect_status, will_retain);
  return s;
}

Result<Config> load(const std::string& folder, config::Findings& findings) {
  Config config;
  auto file = config::read_module(folder, kPackage);
  if (!file) return std::unexpected(file.error());
  if (!*file) return config;
  config::read_group(**file, "general", config, findings);
  config.add_user_properties = brokers::read_user_properties((*file)->find("general"), "add_user_properties", findings);
  if (!config.common.enabled) return config;
  if (!brokers::mqtt_version_of(config.mqtt_version))
    return fail("`mqtt_version` should be 3.1, 3.1.1 or 5: '{}' ({}.jcfg)", config.mqtt_version, kPackage);
  if (!brokers::is_publishable_topic(config.topic))
    return fail("'{}' is no topic that can be published to ({}.jcfg)", config.topic, kPackage);
  auto usable = brokers::check_mqtt(config.settings(), fmt::format("{}.jcfg", kPackage));
  if (!usable) return std::unexpected(usable.error());
  return config;
}

struct Tweak {
  std::optional<std::string> events;
};
template <typename V>
void describe(V& v, Tweak& t) {
  v.field("events", t.events, "Which events");
}

class MqttHandler final : public EventHandler {
 public:
  ~MqttHandler() override { stop(); }
  const ModuleInfo& info() const override { return kInfo; }
  Result<> check_config(const std::string& folder, config::Findings& findings) const override {
    auto config = load(folder, findings);
    if (!config) return std::unexpected(config.error());
    return {};
  }
  Result<> start(EventHandlerContext& context) override {
    config::Findings findings;
    auto config = load(context.configs_folder(), findings);
    findings.log(kTag);
    if (!config) return std::unexpected(config.error());
    if (!config->common.enabled) return handlers::not_enabled();
    config_ = std::move(*config);
    mask_ = config_.common.mask();
    link_ = std::make_unique<brokers::MqttLink>(
        config_.settings(), context.executor(),
        brokers::MqttLink::Callbacks{[](const MqttMessage&) {}, [this](const MqttState& state) { on_state(state); }});
    return {};
  }
  void stop() override {
    mask_ = 0;
    link_.reset();
  }
  uint32_t mask() const override { return mask_; }
  void on_event(const Json& event) override;
  std::optional<Json> on_query(const Json& request) override {
    if (!link_) return std::nullopt;
    return handlers::answer_tweak<Tweak>(request, [this](const Tweak& tweak) -> std::optional<handlers::QueryError> {
      if (tweak.events) mask_ = event_mask_from_text(*tweak.events);
      return std::nullopt;
    });
  }
  ModuleFigures figures() const override {
    if (!link_) return {};
    brokers::OutboxFigures outbox = link_->figures();
    return {.connected = connected_, .queued = outbox.waiting, .lost = outbox.dropped};
  }

 private:
  void on_state(const MqttState& state) {
    connected_ = state.what == MqttState::What::connected;
    if (state.what == MqttState::What::connected) {
      told_ = false;
      log::info(kTag, "Connected to {}", without_credentials(config_.url));
    } else if (state.what != MqttState::What::reconnecting && !std::exchange(told_, true)) {
      log::warning(kTag, "No connection to {} ({}, code {}); trying again until there is",
                   without_credentials(config_.url), state.text, state.code);
    }
  }

  Config config_;
  uint32_t mask_ = 0;
  bool connected_ = false;
  bool told_ = false;  // of this outage
  handlers::LossReport losses_{kTag};
  std::unique_ptr<brokers::MqttLink> link_;
};

void MqttHandler::on_event(const Json& event) {
  if (!link_) return;
  handlers::EventName name = handlers::name_of_event(event);
  Json tagged = event;
  if (JsonObject* object = tagged.if_object()) (*object)["eventtype"] = name.shown;
  MqttMessage message;
  message.topic = name.in_lists.empty() ? config_.topic : fmt::format("{}/{}", config_.topic, name.in_lists);
  message.payload = write_json(tagged, config_.common.format());
  message.qos = config_.qos;
  message.retain = config_.retain;
  message.user_properties = config_.add_user_properties;
  losses_.lost(link_->publish(std::move(message)), "the broker is too slow or gone");
}

}  // namespace
}  // namespace mqtt_handler

std::unique_ptr<EventHandler> make_mqtt_handler() {
  return std::make_unique<mqtt_handler::MqttHandler>();
}

}  // namespace limen
