#include "transports/mqtt/mqtt_config.hpp"

#include "brokers/mqtt/mqtt_config.hpp"

namespace limen::mqtt_transport {
namespace {

Result<> check(const MqttConfig& config) {
  if (!brokers::mqtt_version_of(config.general.mqtt_version))
    return fail("`mqtt_version` should be 3.1, 3.1.1 or 5: '{}' ({}.jcfg)", config.general.mqtt_version, kPackage);
  if (config.general.enabled && (config.general.subscribe_topic.empty() || config.general.publish_topic.empty()))
    return fail("`subscribe_topic` and `publish_topic` are needed (group general of {}.jcfg)", kPackage);
  if (config.admin.admin_enabled && (config.admin.subscribe_topic.empty() || config.admin.publish_topic.empty()))
    return fail("`subscribe_topic` and `publish_topic` are needed (group admin of {}.jcfg)", kPackage);
  for (const std::string& topic : {config.general.publish_topic, config.admin.publish_topic, config.status.topic}) {
    if (!topic.empty() && !brokers::is_publishable_topic(topic))
      return fail("'{}' is no topic that can be published to ({}.jcfg)", topic, kPackage);
  }
  return brokers::check_mqtt(config.settings(), fmt::format("{}.jcfg", kPackage));
}

}  // namespace

brokers::MqttSettings MqttConfig::settings() const {
  brokers::MqttSettings s;
  s.url = general.url;
  s.version = brokers::mqtt_version_of(general.mqtt_version).value_or(4);
  s.client_id = general.client_id;
  s.username = general.username;
  s.password = general.password;
  s.keep_alive = general.keep_alive_interval;
  s.clean_session = general.cleansession;
  s.max_inflight = general.max_inflight;
  s.max_buffered = general.max_buffered;
  s.disconnect_timeout = general.disconnect_timeout;
  s.tls = {.enabled = general.ssl_enabled,
           .verify_peer = general.verify_peer,
           .verify_hostname = general.verify_peer,
           .ca_file = general.cacertfile,
           .cert_file = general.certfile,
           .key_file = general.keyfile,
           .ciphers = {}};
  if (general.enabled) s.subscriptions.push_back({general.subscribe_topic, general.subscribe_qos});
  if (admin.admin_enabled) s.subscriptions.push_back({admin.subscribe_topic, admin.subscribe_qos});
  auto status_message = [this](const std::string& text) -> std::optional<brokers::MqttMessage> {
    if (!status.enabled || text.empty()) return std::nullopt;
    brokers::MqttMessage message;
    message.topic = status.topic;
    message.payload = text;
    message.qos = status.qos;
    message.retain = status.retain;
    return message;
  };
  s.hello = status_message(status.connect_message);
  s.goodbye = status_message(status.disconnect_message);
  s.will = s.goodbye;
  return s;
}

Result<MqttConfig> read_mqtt_config(const std::string& folder, config::Findings& findings) {
  MqttConfig config;
  auto file = config::read_module(folder, kPackage);
  if (!file) return std::unexpected(file.error());
  if (!*file) return config;
  config::read_group(**file, "general", config.general, findings);
  config::read_group(**file, "admin", config.admin, findings);
  config::read_group(**file, "status", config.status, findings);
  config.general.add_transaction_user_properties =
      brokers::read_user_properties((*file)->find("general"), "add_transaction_user_properties", findings);
  if (!config.enabled()) return config;
  if (auto usable = check(config); !usable) return std::unexpected(usable.error());
  return config;
}

}  // namespace limen::mqtt_transport
