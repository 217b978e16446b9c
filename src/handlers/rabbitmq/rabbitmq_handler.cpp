#include "handlers/rabbitmq/rabbitmq_handler.hpp"

#include "base/log.hpp"
#include "brokers/amqp/amqp_link.hpp"
#include "handlers/shared/event_groups.hpp"
#include "handlers/shared/handler_settings.hpp"

namespace limen {
namespace rabbitmq_handler {
namespace {

using brokers::AmqpLink;
using brokers::AmqpState;

constexpr std::string_view kTag = "[rabbitmqevh]";
constexpr std::string_view kPackage = "janus.eventhandler.rabbitmqevh";

const ModuleInfo kInfo{.package = std::string(kPackage),
                       .library = "libjanus_rabbitmqevh.so",
                       .name = "JANUS RabbitMQEventHandler plugin",
                       .author = "Limen",
                       .description = "This is a trivial RabbitMQ event handler plugin for Janus.",
                       .version_string = "0.0.1",
                       .version = 1};

struct Config {
  handlers::CommonConfig common;
  std::string host = "localhost";
  uint16_t port = 5672;
  std::string username = "guest", password = "guest", vhost = "/";
  std::string exchange, exchange_type = "fanout", route_key;
  bool declare_outgoing_queue = true;
  int heartbeat = 0;
  bool ssl_enable = false, ssl_verify_peer = false, ssl_verify_hostname = false;
  std::string ssl_cacert, ssl_cert, ssl_key;

  brokers::AmqpSettings settings() const;
};

template <typename V>
void describe(V& v, Config& c) {
  handlers::describe_common(v, c.common);
  handlers::describe_grouping(v, c.common);
  v.field("host", c.host, "The broker's address");
  v.field("port", c.port, "The broker's port; by convention 5671 with TLS");
  v.field("username", c.username, "User name at the broker");
  v.field("password", c.password, "Password at the broker");
  v.field("vhost", c.vhost, "Virtual host at the broker");
  v.field("exchange", c.exchange, "Exchange to publish to; absent: the default exchange");
  v.field("exchange_type", c.exchange_type, "How it distributes").one_of({"fanout", "direct", "topic", "headers"});
  v.field("route_key", c.route_key, "Routing key, and queue, of events");
  v.field("declare_outgoing_queue", c.declare_outgoing_queue, "Make the queue route_key");
  v.field("heartbeat", c.heartbeat, "Seconds without a sign of life until the connection is given up; 0: never")
      .range(0, 65'535);
  v.field("ssl_enable", c.ssl_enable, "Use TLS").legacy("ssl_enabled");
  v.field("ssl_verify_peer", c.ssl_verify_peer, "Refuse a broker whose certificate cannot be trusted");
  v.field("ssl_verify_hostname", c.ssl_verify_hostname, "Refuse a certificate of another host");
  v.field("ssl_cacert", c.ssl_cacert, "Certificates to trust, PEM");
  v.field("ssl_cert", c.ssl_cert, "Certificate of this client, PEM");
  v.field("ssl_key", c.ssl_key, "Its private key, PEM");
}

brokers::AmqpSettings Config::settings() const {
  brokers::AmqpSettings s;
  s.host = host;
  s.port = port;
  s.username = username;
  s.password = password;
  s.vhost = vhost;
  s.heartbeat = heartbeat;
  s.tls = {ssl_enable, ssl_verify_peer, ssl_verify_hostname, ssl_cacert, ssl_cert, ssl_key};
  s.exchange = exchange;
  s.exchange_type = exchange_type;
  if (declare_outgoing_queue) s.outgoing.push_back({route_key, {}, false, false, false});
  return s;
}

Result<Config> load(const std::string& folder, config::Findings& findings) {
  Config config;
  auto read = config::read_general(folder, kPackage, config, findings);
  if (!read) return std::unexpected(read.error());
  if (config.common.enabled && config.route_key.empty())
    return fail("there is no `route_key` to publish events with (group general of {}.jcfg)", kPackage);
  return config;
}

class RabbitMqHandler final : public EventHandler {
 public:
  ~RabbitMqHandler() override { stop(); }
  const ModuleInfo& info() const override { return kInfo; }
  Result<> check_config(const std::string& folder, config::Findings& findings) const override {
    auto config = load(folder, findings);
    if (!config) return std::unexpected(config.error());
    return {};
  }
  Result<> start(EventHandlerContext& context) override;
  void stop() override {
    mask_ = 0;
    if (groups_) groups_->flush();
    groups_.reset();
    link_.reset();
  }
  uint32_t mask() const override { return mask_; }
  void on_event(const Json& event) override {
    if (groups_) groups_->push(event);
  }
  std::optional<Json> on_query(const Json& request) override {
    if (!groups_) return std::nullopt;
    return handlers::answer_group_tweak(request, mask_, *groups_);
  }
  ModuleFigures figures() const override {
    if (!link_) return {};
    return {.connected = connected_, .queued = link_->figures().waiting, .lost = losses_.total()};
  }

 private:
  void on_state(const AmqpState& state) {
    connected_ = state.connected;
    if (state.connected) {
      told_ = false;
      log::info(kTag, "Connected to RabbitMQ");
    } else if (!std::exchange(told_, true)) {
      log::warning(kTag, "No connection to RabbitMQ ({}); trying again until there is", state.text);
    }
  }

  uint32_t mask_ = 0;
  bool connected_ = false;
  bool told_ = false;  // of this outage
  handlers::LossReport losses_{kTag};
  std::unique_ptr<AmqpLink> link_;
  std::shared_ptr<handlers::EventGroups> groups_;
};

Result<> RabbitMqHandler::start(EventHandlerContext& context) {
  config::Findings findings;
  auto config = load(context.configs_folder(), findings);
  findings.log(kTag);
  if (!config) return std::unexpected(config.error());
  if (!config->common.enabled) return handlers::not_enabled();
  mask_ = config->common.mask();
  link_ = std::make_unique<AmqpLink>(
      config->settings(), context.executor(),
      AmqpLink::Callbacks{[](const brokers::AmqpDelivery&) {}, [this](const AmqpState& state) { on_state(state); }});
  groups_ = std::make_shared<handlers::EventGroups>(
      context.executor(), config->common.grouping, config->common.format(),
      [this, key = config->route_key](std::string text, size_t /*events*/) {
        brokers::AmqpMessage message;
        message.routing_key = key;
        message.body = std::move(text);
        losses_.lost(link_->publish(std::move(message)), "the broker is too slow or gone");
      });
  return {};
}

}  // namespace
}  // namespace rabbitmq_handler

std::unique_ptr<EventHandler> make_rabbitmq_handler() {
  return std::make_unique<rabbitmq_handler::RabbitMqHandler>();
}

}  // namespace limen
