#include "transports/unix_socket/unix_socket_transport.hpp"

#include <algorithm>
#include <vector>

#include "base/log.hpp"
#include "transports/unix_socket/door.hpp"
#include "transports/unix_socket/unix_socket_config.hpp"

namespace limen {
namespace unix_socket {
namespace {

constexpr std::string_view kTag = "[pfunix]";

const ModuleInfo kInfo{.package = std::string(kPackage),
                       .library = "libjanus_pfunix.so",
                       .name = "JANUS Unix Sockets transport plugin",
                       .author = "Limen",
                       .description = "This transport plugin adds Unix Sockets support to the Janus API.",
                       .version_string = "0.0.1",
                       .version = 1};

struct Wanted {
  bool enabled = false;
  bool admin = false;
  std::string path;
  std::string type;
};

std::vector<Wanted> wanted_doors(const UnixSocketConfig& config) {
  return {{config.general.enabled, false, config.general.path, config.general.type},
          {config.admin.admin_enabled, true, config.admin.admin_path, config.admin.admin_type}};
}

Result<BoundSocket> open_socket(const Wanted& wanted) {
  if (auto passed = passed_socket(wanted.admin ? 1 : 0)) return *passed;
  if (wanted.path.empty()) {
    return fail("there is no `{}` to make it at (group {} of {}.jcfg)", wanted.admin ? "admin_path" : "path",
                wanted.admin ? "admin" : "general", kPackage);
  }
  return bind_packet_socket(wanted.path,
                            config::same_text(wanted.type, "SOCK_DGRAM") ? SocketType::dgram : SocketType::seqpacket);
}

class UnixSocketTransport final : public Transport {
 public:
  ~UnixSocketTransport() override { stop(); }

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
  void open(const Wanted& wanted);
  bool serves(bool admin) const {
    return std::any_of(doors_.begin(), doors_.end(), [&](const auto& door) { return door->admin() == admin; });
  }

  TransportContext* context_ = nullptr;
  std::shared_ptr<Service> service_;
  std::vector<std::unique_ptr<Door>> doors_;
};

Result<> UnixSocketTransport::check_config(const std::string& folder, config::Findings& findings) const {
  auto config = read_unix_socket_config(folder, findings);
  if (!config) return std::unexpected(config.error());
  for (const Wanted& wanted : wanted_doors(*config)) {
    if (wanted.enabled && wanted.path.empty())
      findings.warnings.push_back(
          fmt::format("{}: the {} API is enabled and has no path", kPackage, wanted.admin ? "admin" : "Janus"));
  }
  return {};
}

Result<> UnixSocketTransport::start(TransportContext& context) {
  context_ = &context;
  config::Findings findings;
  auto config = read_unix_socket_config(context.configs_folder(), findings);
  findings.log(kTag);
  if (!config) return std::unexpected(config.error());
  if (!config->general.enabled && !config->admin.admin_enabled) return std::unexpected(Error{});
  service_ = std::make_shared<Service>(context);
  service_->settings.json = json_format_from_name(config->general.json).value_or(JsonFormat::compact);
  service_->settings.events = config->general.events;
  for (const Wanted& wanted : wanted_doors(*config)) {
    if (wanted.enabled) open(wanted);
  }
  if (doors_.empty()) return fail("no Unix socket could be opened (see above)");
  for (const auto& door : doors_) door->start();
  return {};
}

void UnixSocketTransport::open(const Wanted& wanted) {
  auto socket = open_socket(wanted);
  if (!socket) return log::error(kTag, "No {} API: {}", wanted.admin ? "admin" : "Janus", socket.error().text);
  doors_.push_back(socket->type == SocketType::dgram
                       ? make_datagram_door(service_, std::move(*socket), wanted.admin)
                       : make_connection_door(service_, std::move(*socket), wanted.admin));
}

void UnixSocketTransport::stop() {
  if (service_) service_->stopped = true;
  for (const auto& door : doors_) door->stop();
  doors_.clear();
  service_.reset();
}

std::vector<Listening> UnixSocketTransport::listening() const {
  std::vector<Listening> list;
  for (const auto& door : doors_)
    list.push_back({.what = door->admin() ? "Admin API" : "Janus API", .url = door->url(), .admin = door->admin()});
  return list;
}

std::optional<Json> UnixSocketTransport::on_query(const Json& request) {
  if (!service_) return std::nullopt;
  auto connections = [this](JsonObject& reply) {
    size_t count = 0;
    for (const auto& door : doors_) count += door->connections();
    reply["connections"] = count;
  };
  return net::answer_query(request, service_->settings, context_->sink().events_enabled(), connections, nullptr);
}

ModuleFigures UnixSocketTransport::figures() const {
  ModuleFigures figures;
  for (const auto& door : doors_)
    figures.connections.emplace_back(door->admin() ? "admin_unix" : "unix", door->connections());
  return figures;
}

}  // namespace
}  // namespace unix_socket

std::unique_ptr<Transport> make_unix_socket_transport() {
  return std::make_unique<unix_socket::UnixSocketTransport>();
}

}  // namespace limen
