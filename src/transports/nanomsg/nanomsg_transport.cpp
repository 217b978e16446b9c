#include "transports/nanomsg/nanomsg_transport.hpp"

#include <algorithm>
#include <vector>

#include "base/log.hpp"
#include "brokers/nanomsg/nanomsg_link.hpp"
#include "transports/net/message_client.hpp"

namespace limen {
namespace nanomsg_transport {
namespace {

constexpr std::string_view kTag = "[nanomsg]";
constexpr std::string_view kPackage = "janus.transport.nanomsg";

const ModuleInfo kInfo{.package = std::string(kPackage),
                       .library = "libjanus_nanomsg.so",
                       .name = "JANUS Nanomsg transport plugin",
                       .author = "Limen",
                       .description = "This transport plugin adds Nanomsg support to the Janus API.",
                       .version_string = "0.0.1",
                       .version = 1};

struct GeneralConfig {
  std::string json = "compact";
  bool events = true;
  bool enabled = false;
  std::string mode = "bind";
  std::string address;
};
template <typename V>
void describe(V& v, GeneralConfig& c) {
  v.field("json", c.json, "How JSON is written").one_of({"indented", "plain", "compact"});
  v.field("events", c.events, "Tell event handlers about the sockets");
  v.field("enabled", c.enabled, "Serve the Janus API over Nanomsg");
  v.field("mode", c.mode, "Wait for the peer (bind) or go to it (connect)").one_of({"bind", "connect"});
  v.field("address", c.address, "Where: ipc:///path, tcp://address:port ...");
}

struct AdminConfig {
  bool admin_enabled = false;
  std::string admin_mode = "bind";
  std::string admin_address;
};
template <typename V>
void describe(V& v, AdminConfig& c) {
  v.field("admin_enabled", c.admin_enabled, "Serve the admin API over Nanomsg");
  v.field("admin_mode", c.admin_mode, "bind or connect").one_of({"bind", "connect"});
  v.field("admin_address", c.admin_address, "Where");
}

struct Config {
  GeneralConfig general;
  AdminConfig admin;
};

Result<Config> load(const std::string& folder, config::Findings& findings) {
  Config config;
  auto file = config::read_module(folder, kPackage);
  if (!file) return std::unexpected(file.error());
  if (!*file) return config;
  config::read_group(**file, "general", config.general, findings);
  config::read_group(**file, "admin", config.admin, findings);
  if (config.general.enabled && config.general.address.empty())
    findings.warnings.push_back(fmt::format("{}: the Janus API is enabled and has no `address`", kPackage));
  if (config.admin.admin_enabled && config.admin.admin_address.empty())
    findings.warnings.push_back(fmt::format("{}: the admin API is enabled and has no `admin_address`", kPackage));
  return config;
}

// One socket and the client behind it.
struct Door {
  bool admin = false;
  std::string address;
  std::shared_ptr<net::MessageClient> client;
  std::unique_ptr<brokers::NanomsgLink> link;
};

class NanomsgTransport final : public Transport {
 public:
  ~NanomsgTransport() override { stop(); }
  const ModuleInfo& info() const override { return kInfo; }
  Result<> check_config(const std::string& folder, config::Findings& findings) const override {
    auto config = load(folder, findings);
    if (!config) return std::unexpected(config.error());
    return {};
  }
  Result<> start(TransportContext& context) override;
  void stop() override;
  bool serves_janus_api() const override { return serves(false); }
  bool serves_admin_api() const override { return serves(true); }
  std::vector<Listening> listening() const override;
  std::optional<Json> on_query(const Json& request) override {
    if (context_ == nullptr) return std::nullopt;
    return net::answer_query(request, settings_, context_->sink().events_enabled(), nullptr, nullptr);
  }
  ModuleFigures figures() const override {
    if (doors_.empty()) return {};
    ModuleFigures figures{.queued = 0, .lost = 0};
    for (const auto& door : doors_) {
      brokers::OutboxFigures outbox = door->link->figures();
      *figures.queued += outbox.waiting;
      *figures.lost += outbox.dropped;
    }
    return figures;
  }

 private:
  void open(bool admin, const std::string& mode, const std::string& address);
  bool serves(bool admin) const {
    return std::any_of(doors_.begin(), doors_.end(), [&](const auto& door) { return door->admin == admin; });
  }

  TransportContext* context_ = nullptr;
  net::TransportSettings settings_;
  std::vector<std::unique_ptr<Door>> doors_;
};

Result<> NanomsgTransport::start(TransportContext& context) {
  config::Findings findings;
  auto config = load(context.configs_folder(), findings);
  findings.log(kTag);
  if (!config) return std::unexpected(config.error());
  if (!config->general.enabled && !config->admin.admin_enabled) return std::unexpected(Error{});
  context_ = &context;
  settings_.json = json_format_from_name(config->general.json).value_or(JsonFormat::compact);
  settings_.events = config->general.events;
  if (config->general.enabled) open(false, config->general.mode, config->general.address);
  if (config->admin.admin_enabled) open(true, config->admin.admin_mode, config->admin.admin_address);
  if (doors_.empty()) return fail("no Nanomsg socket could be opened (see above)");
  return {};
}

void NanomsgTransport::open(bool admin, const std::string& mode, const std::string& address) {
  auto door = std::make_unique<Door>();
  Door* here = door.get();
  door->admin = admin;
  door->address = address;
  door->client = std::make_shared<net::MessageClient>(
      *context_, kPackage, admin, [this, here](const Json& message, const std::optional<std::string>&) {
        if (!here->link) return;
        if (uint64_t dropped = here->link->send(write_json(message, settings_.json)))
          log::warning(kTag, "Nobody reads at {}: {} older messages were dropped", here->address, dropped);
      });
  auto link = brokers::NanomsgLink::open({.address = address, .bind = !config::same_text(mode, "connect")},
                                         context_->executor(),
                                         [client = door->client](const std::string& text) { client->receive(text); });
  if (!link) return log::error(kTag, "No {} API: {}", admin ? "admin" : "Janus", link.error().text);
  door->link = std::move(*link);
  door->client->notify(settings_, {{"event", "created"}, {"admin_api", admin}, {"socket", door->link->socket()}});
  doors_.push_back(std::move(door));
}

void NanomsgTransport::stop() {
  for (const auto& door : doors_) door->client->close();
  doors_.clear();
  context_ = nullptr;
}

std::vector<Listening> NanomsgTransport::listening() const {
  std::vector<Listening> list;
  for (const auto& door : doors_)
    list.push_back({.what = door->admin ? "Admin API" : "Janus API", .url = door->address, .admin = door->admin});
  return list;
}

}  // namespace
}  // namespace nanomsg_transport

std::unique_ptr<Transport> make_nanomsg_transport() {
  return std::make_unique<nanomsg_transport::NanomsgTransport>();
}

}  // namespace limen
