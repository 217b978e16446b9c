#include "transports/mqtt/mqtt_transport.hpp"

#include "base/log.hpp"
#include "base/url_text.hpp"
#include "brokers/mqtt/mqtt_config.hpp"
#include "transports/mqtt/mqtt_config.hpp"
#include "transports/mqtt/transaction_routes.hpp"
#include "transports/net/message_client.hpp"

namespace limen {
namespace mqtt_transport {
namespace {

using brokers::MqttMessage;
using brokers::MqttState;

constexpr std::string_view kTag = "[mqtt]";

const ModuleInfo kInfo{
    .package = std::string(kPackage),
    .library = "libjanus_mqtt.so",
    .name = "JANUS MQTT transport plugin",
    .author = "Limen",
    .description = "This transport plugin adds MQTT support to the Janus API via Paho client library.",
    .version_string = "0.0.1",
    .version = 1};

class MqttTransport final : public Transport {
 public:
  ~MqttTransport() override { stop(); }
  const ModuleInfo& info() const override { return kInfo; }
  Result<> check_config(const std::string& folder, config::Findings& findings) const override {
    auto config = read_mqtt_config(folder, findings);
    if (!config) return std::unexpected(config.error());
    return {};
  }
  Result<> start(TransportContext& context) override;
  void stop() override;
  bool serves_janus_api() const override { return api_ != nullptr; }
  bool serves_admin_api() const override { return admin_ != nullptr; }
  std::vector<Listening> listening() const override;
  std::optional<Json> on_query(const Json& request) override {
    if (context_ == nullptr) return std::nullopt;
    return net::answer_query(request, settings_, context_->sink().events_enabled(), nullptr, nullptr);
  }
  ModuleFigures figures() const override {
    if (!link_) return {};
    brokers::OutboxFigures outbox = link_->figures();
    return {.connected = connected_, .queued = outbox.waiting, .lost = outbox.dropped};
  }

 private:
  void on_message(const MqttMessage& message);
  void on_request(const MqttMessage& message);
  void on_state(const MqttState& state);
  void send(const Json& json, bool admin);
  void vacuum_later();
  bool v5() const { return routes_ != nullptr; }

  TransportContext* context_ = nullptr;
  MqttConfig config_;
  net::TransportSettings settings_;
  std::shared_ptr<net::MessageClient> api_, admin_;
  std::unique_ptr<TransactionRoutes> routes_;  // MQTT 5 only
  std::unique_ptr<brokers::MqttLink> link_;
  TimerId vacuum_;
  bool connected_ = false;
  bool told_ = false;  // of this outage
};

Result<> MqttTransport::start(TransportContext& context) {
  config::Findings findings;
  auto config = read_mqtt_config(context.configs_folder(), findings);
  findings.log(kTag);
  if (!config) return std::unexpected(config.error());
  if (!config->enabled()) return std::unexpected(Error{});
  context_ = &context;
  config_ = std::move(*config);
  settings_.json = json_format_from_name(config_.general.json).value_or(JsonFormat::compact);
  settings_.events = config_.general.events;
  auto client = [&](bool admin) {
    return std::make_shared<net::MessageClient>(
        context, kPackage, admin,
        [this, admin](const Json& json, const std::optional<std::string>&) { send(json, admin); });
  };
  if (config_.general.enabled) api_ = client(false);
  if (config_.admin.admin_enabled) admin_ = client(true);
  brokers::MqttSettings settings = config_.settings();
  if (settings.version >= 5) {
    routes_ = std::make_unique<TransactionRoutes>(std::chrono::seconds(config_.general.vacuum_interval),
                                                  config_.general.proxy_transaction_user_properties,
                                                  config_.general.add_transaction_user_properties);
    vacuum_later();
  }
  link_ = std::make_unique<brokers::MqttLink>(
      std::move(settings), context.executor(),
      brokers::MqttLink::Callbacks{[this](const MqttMessage& message) { on_message(message); },
                                   [this](const MqttState& state) { on_state(state); }});
  return {};
}

void MqttTransport::stop() {
  if (vacuum_) context_->executor().cancel(std::exchange(vacuum_, {}));
  if (api_) api_->close();
  if (admin_) admin_->close();
  link_.reset();
  api_.reset();
  admin_.reset();
  routes_.reset();
  context_ = nullptr;
}

void MqttTransport::on_message(const MqttMessage& message) {
  if (admin_ && brokers::topic_matches(config_.admin.subscribe_topic, message.topic)) {
    admin_->receive(message.payload);
  } else if (api_ && brokers::topic_matches(config_.general.subscribe_topic, message.topic)) {
    on_request(message);
  } else {
    log::verbose(kTag, "A message of topic '{}' was dropped: nobody asked for it", message.topic);
  }
}

void MqttTransport::on_request(const MqttMessage& message) {
  if (v5()) {
    auto json = parse_json(message.payload);
    const JsonObject* body = json ? json->if_object() : nullptr;
    const Json* transaction = body == nullptr ? nullptr : body->if_contains("transaction");
    if (json && (transaction == nullptr || !transaction->is_string()))
      return log::warning(kTag, "A request without a transaction was dropped: with MQTT 5 it could not be answered");
    if (json) {
      routes_->remember(std::string(std::string_view(transaction->get_string())), message, context_->executor().now());
    }
  }
  api_->receive(message.payload);
}

void MqttTransport::on_state(const MqttState& state) {
  connected_ = state.what == MqttState::What::connected;
  JsonObject data;
  switch (state.what) {
    case MqttState::What::connected:
      log::info(kTag, "Connected to {}", without_credentials(config_.general.url));
      told_ = false;
      data = {{"event", "connected"}};
      break;
    case MqttState::What::reconnecting:
      data = {{"event", "reconnecting"}};
      break;
    case MqttState::What::disconnected:
    case MqttState::What::failed:
      if (!std::exchange(told_, true))
        log::warning(kTag, "No connection to {} ({}, code {}); trying again until there is",
                     without_credentials(config_.general.url), state.text, state.code);
      data = {{"event", state.what == MqttState::What::failed ? "failed" : "disconnected"}, {"code", state.code}};
      break;
  }
  (api_ ? api_ : admin_)->notify(settings_, std::move(data));
}

void MqttTransport::send(const Json& json, bool admin) {
  if (!link_) return;
  MqttMessage message;
  message.topic = admin ? config_.admin.publish_topic : config_.general.publish_topic;
  message.payload = write_json(json, settings_.json);
  message.qos = config_.general.publish_qos;
  if (v5() && !admin) routes_->apply(json, message);
  if (uint64_t dropped = link_->publish(std::move(message)))
    log::warning(kTag, "The broker is too slow or gone: {} older messages were dropped", dropped);
}

void MqttTransport::vacuum_later() {
  vacuum_ = context_->executor().call_after(std::chrono::seconds(config_.general.vacuum_interval), [this] {
    routes_->vacuum(context_->executor().now());
    vacuum_later();
  });
}

std::vector<Listening> MqttTransport::listening() const {
  std::vector<Listening> list;
  if (api_) list.push_back({.what = "Janus API", .url = without_credentials(config_.general.url)});
  if (admin_) list.push_back({.what = "Admin API", .url = without_credentials(config_.general.url), .admin = true});
  return list;
}

}  // namespace
}  // namespace mqtt_transport

std::unique_ptr<Transport> make_mqtt_transport() {
  return std::make_unique<mqtt_transport::MqttTransport>();
}

}  // namespace limen
