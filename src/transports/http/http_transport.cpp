#include "transports/http/http_transport.hpp"

#include "base/log.hpp"
#include "transports/http/http_config.hpp"
#include "transports/http/http_server.hpp"
#include "transports/http/http_service.hpp"
#include "transports/net/server_start.hpp"

namespace limen {
namespace http {
namespace {

constexpr std::string_view kTag = "[http]";

const ModuleInfo kInfo{.package = std::string(kPackage),
                       .library = "libjanus_http.so",
                       .name = "JANUS REST (HTTP/HTTPS) transport plugin",
                       .author = "Limen",
                       .description = "This transport plugin adds REST (HTTP/HTTPS) support to the Janus API.",
                       .version_string = "0.0.2",
                       .version = 2};

net::ListenPlace place_of(uint16_t port, std::string ip, std::string interface, std::string port_key,
                          std::string_view group) {
  return {.port = port,
          .ip = std::move(ip),
          .interface = std::move(interface),
          .unix_path = {},
          .port_key = std::move(port_key),
          .file = fmt::format("group {} of {}.jcfg", group, kPackage)};
}

using WantedServer = net::WantedServer<ServerConfig>;

std::vector<WantedServer> wanted_servers(const HttpConfig& config) {
  const GeneralConfig& g = config.general;
  const AdminConfig& a = config.admin;
  auto acl = net::AccessList::parse(g.acl);
  auto admin_acl = net::AccessList::parse(a.admin_acl);
  bool admin_forwarded = g.admin_acl_forwarded || a.admin_acl_forwarded;
  Entrance api{false, g.base_path, g.acl_forwarded ? acl : net::AccessList()};
  Entrance admin{true, a.admin_base_path, admin_forwarded ? admin_acl : net::AccessList()};
  size_t limit = g.mhd_connection_limit;
  return {
      {g.http, false, {"http", place_of(g.port, g.ip, g.interface, "port", "general"), acl, api, limit}},
      {g.https,
       true,
       {"https", place_of(g.secure_port, g.secure_ip, g.secure_interface, "secure_port", "general"), acl, api, limit}},
      {a.admin_http,
       false,
       {"admin_http", place_of(a.admin_port, a.admin_ip, a.admin_interface, "admin_port", "admin"), admin_acl, admin,
        limit}},
      {a.admin_https,
       true,
       {"admin_https",
        place_of(a.admin_secure_port, a.admin_secure_ip, a.admin_secure_interface, "admin_secure_port", "admin"),
        admin_acl, admin, limit}},
  };
}

class HttpTransport final : public Transport {
 public:
  explicit HttpTransport(std::unique_ptr<Endpoints> endpoints) : endpoints_(std::move(endpoints)) {}
  ~HttpTransport() override { stop(); }

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
  void start_service(const HttpConfig& config);
  bool serves(bool admin) const;

  TransportContext* context_ = nullptr;
  std::unique_ptr<Endpoints> endpoints_;  // may be none
  std::shared_ptr<HttpService> service_;
  std::vector<std::unique_ptr<HttpServer>> servers_;
};

Result<> HttpTransport::check_config(const std::string& folder, config::Findings& findings) const {
  auto config = read_http_config(folder, findings);
  if (!config) return std::unexpected(config.error());
  if (config->general.https || config->admin.admin_https) {
    net::check_certificates(config->certificates, kPackage, findings);
  }
  return endpoints_ ? endpoints_->check_config(folder, findings) : Result<>();
}

Result<> HttpTransport::start(TransportContext& context) {
  context_ = &context;
  config::Findings findings;
  auto config = read_http_config(context.configs_folder(), findings);
  findings.log(kTag);
  if (!config) return std::unexpected(config.error());
  auto& io = *static_cast<boost::asio::io_context*>(context.io_context());
  servers_ = net::open_servers(kTag, wanted_servers(*config), config->certificates, context,
                               [&](ServerConfig server, std::shared_ptr<net::TlsSource> tls) {
                                 return HttpServer::open(io, context.executor(), std::move(server), std::move(tls),
                                                         context.limits());
                               });
  if (servers_.empty()) return fail("no HTTP port could be opened (see above; http, https, admin_http, admin_https)");
  if (endpoints_) {
    auto started = endpoints_->start(context);
    if (!started && !started.error().text.empty()) log::error(kTag, "{}", started.error().text);
  }
  start_service(*config);
  return {};
}

void HttpTransport::start_service(const HttpConfig& config) {
  ServiceConfig service;
  service.base_path = config.general.base_path;
  service.admin_base_path = config.admin.admin_base_path;
  service.origins = {config.cors.allow_origin, config.cors.enforce_cors};
  service.settings.json = json_format_from_name(config.general.json).value_or(JsonFormat::compact);
  service.settings.events = config.general.events;
  service.web_folder = context_->web_folder();
  service.log_refusals = config.general.mhd_debug;
  service.monitoring = {config.admin.metrics, config.admin.metrics_open, config.admin.metrics_token};
  service.endpoints = endpoints_.get();
  for (const auto& server : servers_) {
    uint16_t OpenPorts::* port = server->config().entrance.admin
                                     ? (server->secure() ? &OpenPorts::admin_https : &OpenPorts::admin_http)
                                     : (server->secure() ? &OpenPorts::https : &OpenPorts::http);
    service.ports.*port = server->port();
  }
  service_ = std::make_shared<HttpService>(*context_, std::move(service));
  for (const auto& server : servers_) server->start(service_);
}

void HttpTransport::stop() {
  if (endpoints_) endpoints_->stop();
  if (service_) service_->stop();
  servers_.clear();
  service_.reset();
}

bool HttpTransport::serves(bool admin) const {
  return std::any_of(servers_.begin(), servers_.end(),
                     [&](const auto& server) { return server->config().entrance.admin == admin; });
}

std::vector<Listening> HttpTransport::listening() const {
  std::vector<Listening> list;
  for (const auto& server : servers_) {
    const Entrance& entrance = server->config().entrance;
    std::string scheme = server->secure() ? "https" : "http";
    list.push_back({entrance.admin ? "Admin API" : "Janus API", server->url(), scheme, server->port(),
                    entrance.base_path, entrance.admin});
    if (entrance.admin || !service_ || service_->config().web_folder.empty() || entrance.base_path == "/") continue;
    std::string url = server->url();
    url.resize(url.size() - entrance.base_path.size());
    list.push_back({"Pages", url + "/", scheme, server->port(), "/", false});
  }
  return list;
}

std::optional<Json> HttpTransport::on_query(const Json& request) {
  if (!service_) return std::nullopt;
  auto connections = [this](JsonObject& reply) {
    JsonObject counts;
    for (const auto& server : servers_) counts[server->config().name] = server->connections();
    reply["connections"] = std::move(counts);
    reply["messages"] = service_->open_requests();
  };
  return net::answer_query(request, service_->config().settings, context_->sink().events_enabled(), connections,
                           nullptr);
}

ModuleFigures HttpTransport::figures() const {
  if (!service_) return {};
  ModuleFigures figures{.requests = service_->open_requests()};
  for (const auto& server : servers_) figures.connections.emplace_back(server->config().name, server->connections());
  return figures;
}

}  // namespace
}  // namespace http

std::unique_ptr<Transport> make_http_transport(std::unique_ptr<http::Endpoints> endpoints) {
  return std::make_unique<http::HttpTransport>(std::move(endpoints));
}

}  // namespace limen
