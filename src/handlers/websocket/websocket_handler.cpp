#include "handlers/websocket/websocket_handler.hpp"

#include "base/log.hpp"
#include "handlers/shared/handler_settings.hpp"
#include "handlers/websocket/event_sender.hpp"

namespace limen {
namespace websocket_handler {
namespace {

constexpr std::string_view kTag = "[wsevh]";
constexpr std::string_view kPackage = "janus.eventhandler.wsevh";

const ModuleInfo kInfo{.package = std::string(kPackage),
                       .library = "libjanus_wsevh.so",
                       .name = "JANUS WebSocketsEventHandler plugin",
                       .author = "Limen",
                       .description = "This is a trivial WebSockets event handler plugin for Janus.",
                       .version_string = "0.0.1",
                       .version = 1};

struct Config {
  handlers::CommonConfig common;
  std::string backend, subprotocol;
  std::string ws_logging;  // of the library that Janus uses
  uint32_t events_cap_on_reconnect = 0;
  bool verify_peer = true;
};
template <typename V>
void describe(V& v, Config& c) {
  handlers::describe_common(v, c.common);
  handlers::describe_grouping(v, c.common);
  v.field("backend", c.backend, "Address of the collector: ws://host:port/path or wss://...");
  v.field("subprotocol", c.subprotocol, "Subprotocol to ask for; absent: none");
  v.field("ws_logging", c.ws_logging, "Accepted and not used: connections are logged always");
  v.field("events_cap_on_reconnect", c.events_cap_on_reconnect,
          "How many queued events, the newest, survive a reconnect; 0: all");
  v.field("verify_peer", c.verify_peer, "wss: refuse collectors whose certificate cannot be trusted");
}

struct Tweak {
  std::optional<std::string> events;
  std::optional<bool> grouping;
  std::optional<uint32_t> events_cap_on_reconnect;
};
template <typename V>
void describe(V& v, Tweak& t) {
  v.field("events", t.events, "Which events");
  v.field("grouping", t.grouping, "Send arrays");
  v.field("events_cap_on_reconnect", t.events_cap_on_reconnect, "How many events survive a reconnect");
}

struct Loaded {
  Config config;
  SocketOptions socket;
};

Result<Loaded> load(const std::string& folder, config::Findings& findings) {
  Loaded loaded;
  auto read = config::read_general(folder, kPackage, loaded.config, findings);
  if (!read) return std::unexpected(read.error());
  const Config& config = loaded.config;
  if (!config.common.enabled) return loaded;
  if (config.backend.empty()) return fail("there is no `backend` to connect to (group general of {}.jcfg)", kPackage);
  auto backend = parse_backend(config.backend);
  if (!backend) return std::unexpected(backend.error());
  loaded.socket = {std::move(*backend), config.subprotocol, config.verify_peer};
  return loaded;
}

class WebSocketHandler final : public EventHandler {
 public:
  ~WebSocketHandler() override { stop(); }
  const ModuleInfo& info() const override { return kInfo; }
  Result<> check_config(const std::string& folder, config::Findings& findings) const override {
    auto loaded = load(folder, findings);
    if (!loaded) return std::unexpected(loaded.error());
    return {};
  }

  Result<> start(EventHandlerContext& context) override {
    config::Findings findings;
    auto loaded = load(context.configs_folder(), findings);
    findings.log(kTag);
    if (!loaded) return std::unexpected(loaded.error());
    const Config& config = loaded->config;
    if (!config.common.enabled) return handlers::not_enabled();
    mask_ = config.common.mask();
    sender_ = std::make_shared<EventSender>(
        context.executor(),
        [io = context.io_context(), options = loaded->socket] { return CollectorSocket::make(io, options); },
        SenderSettings{config.common.grouping, config.common.format(), config.events_cap_on_reconnect});
    sender_->start();
    return {};
  }

  void stop() override {
    if (sender_) sender_->stop();
    sender_.reset();
    mask_ = 0;
  }
  uint32_t mask() const override { return mask_; }
  void on_event(const Json& event) override {
    if (sender_) sender_->push(write_json(event, sender_->settings.format));
  }

  std::optional<Json> on_query(const Json& request) override {
    if (!sender_) return std::nullopt;
    return handlers::answer_tweak<Tweak>(request, [this](const Tweak& tweak) -> std::optional<handlers::QueryError> {
      if (tweak.events) mask_ = event_mask_from_text(*tweak.events);
      if (tweak.grouping) sender_->settings.grouping = *tweak.grouping;
      if (tweak.events_cap_on_reconnect) sender_->settings.cap_on_reconnect = *tweak.events_cap_on_reconnect;
      return std::nullopt;
    });
  }
  ModuleFigures figures() const override {
    if (!sender_) return {};
    return {.connected = sender_->connected(), .queued = sender_->queued(), .lost = sender_->lost()};
  }

 private:
  uint32_t mask_ = 0;
  std::shared_ptr<EventSender> sender_;
};

}  // namespace
}  // namespace websocket_handler

std::unique_ptr<EventHandler> make_websocket_handler() {
  return std::make_unique<websocket_handler::WebSocketHandler>();
}

}  // namespace limen
