#include "transports/rabbitmq/rabbitmq_config.hpp"

namespace limen::rabbitmq_transport {
namespace {

Result<> check(const RabbitMqConfig& config) {
  if (config.general.enabled && (config.general.to_janus.empty() || config.general.from_janus.empty()))
    return fail("`to_janus` and `from_janus` are needed (group general of {}.jcfg)", kPackage);
  if (config.admin.admin_enabled && (config.admin.to_janus_admin.empty() || config.admin.from_janus_admin.empty()))
    return fail("`to_janus_admin` and `from_janus_admin` are needed (group admin of {}.jcfg)", kPackage);
  // Both APIs on one key would open the admin API to everybody who may use the other.
  if (config.general.enabled && config.admin.admin_enabled && config.general.to_janus == config.admin.to_janus_admin)
    return fail("`to_janus` and `to_janus_admin` should differ ({}.jcfg)", kPackage);
  return {};
}

}  // namespace

brokers::AmqpSettings RabbitMqConfig::settings() const {
  const GeneralConfig& g = general;
  brokers::AmqpSettings s;
  s.host = g.host;
  s.port = g.port;
  s.username = g.username;
  s.password = g.password;
  s.vhost = g.vhost;
  s.heartbeat = g.heartbeat;
  s.tls = {g.ssl_enabled, g.ssl_verify_peer, g.ssl_verify_hostname, g.ssl_cacert, g.ssl_cert, g.ssl_key};
  s.exchange = g.janus_exchange;
  s.exchange_type = g.janus_exchange_type;
  bool by_key = config::same_text(g.janus_exchange_type, "topic") || config::same_text(g.janus_exchange_type, "direct");
  auto incoming = [&](const std::string& name, const std::string& key, bool durable, bool autodelete, bool exclusive) {
    brokers::AmqpQueue queue{name.empty() ? key : name, {}, durable, autodelete, exclusive};
    if (!name.empty() && by_key) queue.binding = key;
    s.incoming.push_back(std::move(queue));
  };
  auto outgoing = [&](bool wanted, const std::string& name) {
    if (wanted) s.outgoing.push_back({name, {}, false, false, false});
  };
  if (g.enabled) {
    incoming(g.queue_name, g.to_janus, g.queue_durable, g.queue_autodelete, g.queue_exclusive);
    outgoing(g.declare_outgoing_queue, g.from_janus);
  }
  const AdminConfig& a = admin;
  if (a.admin_enabled) {
    incoming(a.queue_name_admin, a.to_janus_admin, a.queue_durable_admin, a.queue_autodelete_admin,
             a.queue_exclusive_admin);
    outgoing(a.declare_outgoing_queue_admin, a.from_janus_admin);
  }
  return s;
}

Result<RabbitMqConfig> read_rabbitmq_config(const std::string& folder, config::Findings& findings) {
  RabbitMqConfig config;
  auto file = config::read_module(folder, kPackage);
  if (!file) return std::unexpected(file.error());
  if (!*file) return config;
  config::read_group(**file, "general", config.general, findings);
  config::read_group(**file, "admin", config.admin, findings);
  if (!config.enabled()) return config;
  if (auto usable = check(config); !usable) return std::unexpected(usable.error());
  return config;
}

}  // namespace limen::rabbitmq_transport
