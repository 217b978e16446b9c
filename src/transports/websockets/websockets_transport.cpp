#include "transports/websockets/websockets_transport.hpp"

#include "base/log.hpp"
#include "transports/net/server_start.hpp"
#include "transports/websockets/websocket_server.hpp"
#include "transports/websockets/websockets_config.hpp"

namespace limen {
namespace websockets {
namespace {

constexpr std::string_view kTag = "[websockets]";

const ModuleInfo kInfo{.package = std::string(kPackage),
                       .library = "libjanus_websockets.so",
                       .name = "JANUS WebSockets transport plugin",
                       .author = "Limen",
                       .description = "This transport plugin adds WebSockets support to the Janus API.",
                       .version_string = "0.0.1",
                       .version = 1};

net::ListenPlace place_of(uint16_t port, std::string ip, std::string interface, std::string unix_path,
                          std::string port_key, std::string_view group) {
  return {.port = port,
          .ip = std::move(ip),
          .interface = std::move(interface),
          .unix_path = std::move(unix_path),
          .port_key = std::move(port_key),
          .file = fmt::format("group {} of {}.jcfg", group, kPackage)};
}

using WantedServer = net::WantedServer<ServerConfig>;

std::vector<WantedServer> wanted_servers(const WebSocketsConfig& config) {
  const GeneralConfig& g = config.general;
  const AdminConfig& a = config.admin;
  auto acl = net::AccessList::parse(g.ws_acl);
  auto admin_acl = net::AccessList::parse(a.admin_ws_acl);
  bool admin_forwarded = g.admin_ws_acl_forwarded || a.admin_ws_acl_forwarded;
  Entrance api{false, g.ws_acl_forwarded ? acl : net::AccessList()};
  Entrance admin{true, admin_forwarded ? admin_acl : net::AccessList()};
  auto ws = place_of(g.ws_port, g.ws_ip, g.ws_interface, g.ws_unix, "ws_port", "general");
  auto wss = place_of(g.wss_port, g.wss_ip, g.wss_interface, g.wss_unix, "wss_port", "general");
  auto admin_ws =
      place_of(a.admin_ws_port, a.admin_ws_ip, a.admin_ws_interface, a.admin_ws_unix, "admin_ws_port", "admin");
  auto admin_wss =
      place_of(a.admin_wss_port, a.admin_wss_ip, a.admin_wss_interface, a.admin_wss_unix, "admin_wss_port", "admin");
  return {{g.ws, false, {"ws", ws, acl, api}},
          {g.wss, true, {"wss", wss, acl, api}},
          {a.admin_ws, false, {"admin_ws", admin_ws, admin_acl, admin}},
          {a.admin_wss, true, {"admin_wss", admin_wss, admin_acl, admin}}};
}

bool known_logging_level(std::string_view name) {
  static constexpr std::string_view kNames[] = {"err", "warn",   "notice",  "info", "debug", "parser", "header",
                                                "ext", "client", "latency", "user", "count", "all",    "none"};
  return std::find(std::begin(kNames), std::end(kNames), name) != std::end(kNames);
}

// Sets what to log from a list such as "err,warn"; returns the names nobody knows.
std::vector<std::string> apply_logging(std::string_view list, Service& service) {
  std::vector<std::string> unknown;
  bool connections = false;
  while (!list.empty()) {
    std::string_view name = list.substr(0, list.find(','));
    list.remove_prefix(std::min(list.size(), name.size() + 1));
    while (name.starts_with(' ')) name.remove_prefix(1);
    if (name.empty()) continue;
    if (!known_logging_level(name)) unknown.emplace_back(name);
    connections |= name == "notice" || name == "info" || name == "debug" || name == "user" || name == "all";
  }
  service.log_connections = connections;
  return unknown;
}

class WebSocketsTransport final : public Transport {
 public:
  ~WebSocketsTransport() override { stop(); }

  const ModuleInfo& info() const override { return kInfo; }
  Result<> check_config(const std::string& folder, config::Findings& findings) const override;
  Result<> start(TransportContext& context) override;
  void stop() override;
  bool serves_janus_api() const override { return serves(false); }
  bool serves_admin_api() const override { return serves(true); }
  std::vector<Listening> listening() const override;
  std::optional<Json> on_query(const Json& request) override;
  ModuleFigures figures() const override;

 private:
  void start_service(const WebSocketsConfig& config);
  bool serves(bool admin) const;

  TransportContext* context_ = nullptr;
  std::shared_ptr<Service> service_;
  std::vector<std::unique_ptr<WebSocketServer>> servers_;
};

Result<> WebSocketsTransport::check_config(const std::string& folder, config::Findings& findings) const {
  auto config = read_websockets_config(folder, findings);
  if (!config) return std::unexpected(config.error());
  if (config->general.wss || config->admin.admin_wss) {
    net::check_certificates(config->certificates, kPackage, findings);
  }
  return {};
}

Result<> WebSocketsTransport::start(TransportContext& context) {
  context_ = &context;
  config::Findings findings;
  auto config = read_websockets_config(context.configs_folder(), findings);
  findings.log(kTag);
  if (!config) return std::unexpected(config.error());
  servers_ = net::open_servers(kTag, wanted_servers(*config), config->certificates, context,
                               [&](ServerConfig server, std::shared_ptr<net::TlsSource> tls) {
                                 return WebSocketServer::open(context, std::move(server), std::move(tls));
                               });
  if (servers_.empty()) return fail("no WebSocket port could be opened (see above; ws, wss, admin_ws, admin_wss)");
  start_service(*config);
  return {};
}

void WebSocketsTransport::start_service(const WebSocketsConfig& config) {
  service_ = std::make_shared<Service>(*context_);
  service_->settings.json = json_format_from_name(config.general.json).value_or(JsonFormat::compact);
  service_->settings.events = config.general.events;
  service_->origins = {config.cors.allow_origin, config.cors.enforce_cors};
  service_->ping_after = std::chrono::seconds(config.general.pingpong_trigger);
  service_->ping_timeout = std::chrono::seconds(config.general.pingpong_timeout);
  for (const std::string& name : apply_logging(config.general.ws_logging, *service_)) {
    log::warning(kTag, "ws_logging: '{}' is not known", name);
  }
  for (const auto& server : servers_) server->start(service_);
}

void WebSocketsTransport::stop() {
  if (service_) service_->stopped = true;
  servers_.clear();
  service_.reset();
}

bool WebSocketsTransport::serves(bool admin) const {
  return std::any_of(servers_.begin(), servers_.end(),
                     [&](const auto& server) { return server->config().entrance.admin == admin; });
}

std::vector<Listening> WebSocketsTransport::listening() const {
  std::vector<Listening> list;
  for (const auto& server : servers_) {
    bool admin = server->config().entrance.admin;
    list.push_back({admin ? "Admin API" : "Janus API", server->url(), server->scheme(), server->port(), "", admin});
  }
  return list;
}

std::optional<Json> WebSocketsTransport::on_query(const Json& request) {
  if (!service_) return std::nullopt;
  auto connections = [this](JsonObject& reply) {
    size_t count = 0;
    for (const auto& server : servers_) count += server->connections();
    reply["connections"] = count;
  };
  auto logging = [this](const JsonObject& body, JsonArray& notes) {
    const Json* list = body.if_contains("logging");
    if (list == nullptr) return;
    if (!list->is_string() || !apply_logging(std::string_view(list->get_string()), *service_).empty()) {
      notes.emplace_back("Ignored unsupported logging levels");
    }
  };
  return net::answer_query(request, service_->settings, context_->sink().events_enabled(), connections, logging);
}

ModuleFigures WebSocketsTransport::figures() const {
  ModuleFigures figures;
  for (const auto& server : servers_) figures.connections.emplace_back(server->config().name, server->connections());
  return figures;
}

}  // namespace
}  // namespace websockets

std::unique_ptr<Transport> make_websockets_transport() {
  return std::make_unique<websockets::WebSocketsTransport>();
}

}  // namespace limen
