#include "transports/rabbitmq/rabbitmq_transport.hpp"

#include "base/log.hpp"
#include "brokers/amqp/amqp_link.hpp"
#include "transports/net/message_client.hpp"
#include "transports/rabbitmq/rabbitmq_config.hpp"

namespace limen {
namespace rabbitmq_transport {
namespace {

using brokers::AmqpDelivery;
using brokers::AmqpLink;
using brokers::AmqpState;

constexpr std::string_view kTag = "[rabbitmq]";
// A broker that is not there at the start keeps the transport from being there (spec 6.3).
constexpr std::chrono::milliseconds kStartPatience{10'000};

const ModuleInfo kInfo{.package = std::string(kPackage),
                       .library = "libjanus_rabbitmq.so",
                       .name = "JANUS RabbitMQ transport plugin",
                       .author = "Limen",
                       .description = "This transport plugin adds RabbitMQ support to the Janus API via rabbitmq-c.",
                       .version_string = "0.0.1",
                       .version = 1};

class RabbitMqTransport final : public Transport {
 public:
  ~RabbitMqTransport() override { stop(); }
  const ModuleInfo& info() const override { return kInfo; }
  Result<> check_config(const std::string& folder, config::Findings& findings) const override {
    auto config = read_rabbitmq_config(folder, findings);
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
  void on_delivery(AmqpDelivery delivery);
  void on_state(const AmqpState& state);
  void send(const Json& json, const std::optional<std::string>& correlation, bool admin);

  TransportContext* context_ = nullptr;
  RabbitMqConfig config_;
  net::TransportSettings settings_;
  std::shared_ptr<net::MessageClient> api_, admin_;
  std::unique_ptr<AmqpLink> link_;
  bool connected_ = false;
  bool told_ = false;  // of this outage
};

Result<> RabbitMqTransport::start(TransportContext& context) {
  config::Findings findings;
  auto config = read_rabbitmq_config(context.configs_folder(), findings);
  findings.log(kTag);
  if (!config) return std::unexpected(config.error());
  if (!config->enabled()) return std::unexpected(Error{});
  config_ = std::move(*config);
  auto link = std::make_unique<AmqpLink>(
      config_.settings(), context.executor(),
      AmqpLink::Callbacks{[this](AmqpDelivery delivery) { on_delivery(std::move(delivery)); },
                          [this](const AmqpState& state) { on_state(state); }});
  if (auto first = link->wait_for_first_attempt(kStartPatience); !first)
    return fail("no connection to RabbitMQ: {}", first.error().text);
  context_ = &context;
  link_ = std::move(link);
  settings_.json = json_format_from_name(config_.general.json).value_or(JsonFormat::compact);
  settings_.events = config_.general.events;
  auto client = [&](bool admin) {
    return std::make_shared<net::MessageClient>(
        context, kPackage, admin, [this, admin](const Json& json, const std::optional<std::string>& correlation) {
          send(json, correlation, admin);
        });
  };
  if (config_.general.enabled) api_ = client(false);
  if (config_.admin.admin_enabled) admin_ = client(true);
  return {};
}

void RabbitMqTransport::stop() {
  if (api_) api_->close();
  if (admin_) admin_->close();
  link_.reset();
  api_.reset();
  admin_.reset();
  context_ = nullptr;
}

void RabbitMqTransport::on_delivery(AmqpDelivery delivery) {
  if (admin_ && delivery.routing_key == config_.admin.to_janus_admin) {
    admin_->receive(delivery.body, std::move(delivery.correlation_id));
  } else if (api_) {
    api_->receive(delivery.body, std::move(delivery.correlation_id));
  } else {
    log::verbose(kTag, "A message with the key '{}' was dropped: nobody asked for it", delivery.routing_key);
  }
}

void RabbitMqTransport::on_state(const AmqpState& state) {
  connected_ = state.connected;
  if (!state.connected) {
    if (!std::exchange(told_, true))
      log::warning(kTag, "No connection to RabbitMQ ({}); trying again until there is", state.text);
    return;
  }
  told_ = false;
  log::info(kTag, "Connected to {}:{}", config_.general.host, config_.general.port);
  if (api_ || admin_) (api_ ? api_ : admin_)->notify(settings_, {{"event", "connected"}});
}

void RabbitMqTransport::send(const Json& json, const std::optional<std::string>& correlation, bool admin) {
  if (!link_) return;
  brokers::AmqpMessage message;
  message.routing_key = admin ? config_.admin.from_janus_admin : config_.general.from_janus;
  message.body = write_json(json, settings_.json);
  message.reply_to = "Janus";
  message.correlation_id = correlation;
  if (uint64_t dropped = link_->publish(std::move(message)))
    log::warning(kTag, "The broker is too slow or gone: {} older messages were dropped", dropped);
}

std::vector<Listening> RabbitMqTransport::listening() const {
  std::vector<Listening> list;
  std::string url = fmt::format("{}://{}:{}", config_.general.ssl_enabled ? "amqps" : "amqp", config_.general.host,
                                config_.general.port);
  if (api_) list.push_back({.what = "Janus API", .url = url});
  if (admin_) list.push_back({.what = "Admin API", .url = url, .admin = true});
  return list;
}

}  // namespace
}  // namespace rabbitmq_transport

std::unique_ptr<Transport> make_rabbitmq_transport() {
  return std::make_unique<rabbitmq_transport::RabbitMqTransport>();
}

}  // namespace limen
