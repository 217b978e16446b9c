#include "handlers/gelf/gelf_handler.hpp"

#include "base/log.hpp"
#include "handlers/gelf/gelf_message.hpp"
#include "handlers/gelf/gelf_sender.hpp"
#include "handlers/shared/handler_settings.hpp"

namespace limen {
namespace gelf_handler {
namespace {

constexpr std::string_view kTag = "[gelfevh]";
constexpr std::string_view kPackage = "janus.eventhandler.gelfevh";
constexpr std::chrono::milliseconds kGrace{500};
constexpr uint32_t kLargestDatagram = 65'000;

const ModuleInfo kInfo{
    .package = std::string(kPackage),
    .library = "libjanus_gelfevh.so",
    .name = "JANUS GelfEventHandler plugin",
    .author = "Limen",
    .description = "This is a GELF event handler plugin for Janus, which forwards events via TCP/UDP to GELF server.",
    .version_string = "0.0.1",
    .version = 1};

struct Config {
  handlers::CommonConfig common;
  std::string backend;
  uint16_t port = 0;
  std::string protocol = "udp";
  uint32_t max_message_len = 500;
  bool compress = false;
  int compression = 6;
};
template <typename V>
void describe(V& v, Config& c) {
  handlers::describe_common(v, c.common);
  v.field("backend", c.backend, "The collector's address");
  v.field("port", c.port, "The collector's port");
  v.field("protocol", c.protocol, "How it is reached").one_of({"udp", "tcp"});
  v.field("max_message_len", c.max_message_len, "UDP: bytes of data in a datagram; longer messages go in chunks")
      .range(1, kLargestDatagram);
  v.field("compress", c.compress, "UDP: compress with gzip");
  v.field("compression", c.compression, "Level of compression").range(0, 9);
}

Result<Config> load(const std::string& folder, config::Findings& findings) {
  Config config;
  auto read = config::read_general(folder, kPackage, config, findings);
  if (!read) return std::unexpected(read.error());
  if (config.common.enabled && (config.backend.empty() || config.port == 0))
    return fail("`backend` and `port` are needed (group general of {}.jcfg)", kPackage);
  return config;
}

struct Tweak {
  std::optional<std::string> events, backend, port, protocol;
  std::optional<uint32_t> max_message_len, compression;
  std::optional<bool> compress;
};
template <typename V>
void describe(V& v, Tweak& t) {
  v.field("events", t.events, "Which events");
  v.field("backend", t.backend, "The collector's address");
  v.field("port", t.port, "The collector's port");
  v.field("protocol", t.protocol, "udp or tcp");
  v.field("max_message_len", t.max_message_len, "Bytes of data in a datagram");
  v.field("compress", t.compress, "Compress");
  v.field("compression", t.compression, "Level of compression");
}

std::expected<GelfSettings, handlers::QueryError> apply_tweak(GelfSettings settings, const Tweak& tweak) {
  if (tweak.backend.has_value() != tweak.port.has_value())
    return std::unexpected(handlers::QueryError{413, "backend and port work together: one is missing"});
  if (tweak.backend) {
    const std::string& text = *tweak.port;
    uint16_t port = 0;
    auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
    if (tweak.backend->empty() || port == 0 || error != std::errc() || end != text.data() + text.size())
      return std::unexpected(handlers::QueryError{413, "Invalid backend or port"});
    settings.backend = *tweak.backend;
    settings.port = port;
  }
  if (tweak.protocol) {
    if (*tweak.protocol != "udp" && *tweak.protocol != "tcp")
      return std::unexpected(handlers::QueryError{413, fmt::format("Invalid protocol '{}'", *tweak.protocol)});
    settings.tcp = *tweak.protocol == "tcp";
  }
  if (tweak.max_message_len && *tweak.max_message_len >= 1)
    settings.max_message_len = std::min(*tweak.max_message_len, kLargestDatagram);
  if (tweak.compress) settings.compress = *tweak.compress;
  if (tweak.compression && *tweak.compression <= 9) settings.compression = static_cast<int>(*tweak.compression);
  return settings;
}

class GelfHandler final : public EventHandler {
 public:
  const ModuleInfo& info() const override { return kInfo; }
  Result<> check_config(const std::string& folder, config::Findings& findings) const override {
    auto config = load(folder, findings);
    if (!config) return std::unexpected(config.error());
    return {};
  }
  Result<> start(EventHandlerContext& context) override {
    config::Findings findings;
    auto config = load(context.configs_folder(), findings);
    findings.log(kTag);
    if (!config) return std::unexpected(config.error());
    if (!config->common.enabled) return handlers::not_enabled();
    mask_ = config->common.mask();
    format_ = config->common.format();
    sender_ = std::make_unique<GelfSender>(GelfSettings{.backend = config->backend,
                                                        .port = config->port,
                                                        .tcp = config::same_text(config->protocol, "tcp"),
                                                        .max_message_len = config->max_message_len,
                                                        .compress = config->compress,
                                                        .compression = config->compression});
    return {};
  }
  void stop() override {
    mask_ = 0;
    if (sender_) sender_->stop(kGrace);
    sender_.reset();
  }
  uint32_t mask() const override { return mask_; }
  void on_event(const Json& event) override {
    if (sender_) sender_->push(gelf_message(event, format_));
  }
  std::optional<Json> on_query(const Json& request) override {
    if (!sender_) return std::nullopt;
    return handlers::answer_tweak<Tweak>(request, [this](const Tweak& tweak) -> std::optional<handlers::QueryError> {
      auto changed = apply_tweak(sender_->settings(), tweak);
      if (!changed) return changed.error();
      sender_->change(std::move(*changed));
      if (tweak.events) mask_ = event_mask_from_text(*tweak.events);
      return std::nullopt;
    });
  }
  ModuleFigures figures() const override {
    if (!sender_) return {};
    return {.queued = sender_->queued(), .lost = sender_->lost()};
  }

 private:
  uint32_t mask_ = 0;
  JsonFormat format_ = JsonFormat::compact;
  std::unique_ptr<GelfSender> sender_;
};

}  // namespace
}  // namespace gelf_handler

std::unique_ptr<EventHandler> make_gelf_handler() {
  return std::make_unique<gelf_handler::GelfHandler>();
}

}  // namespace limen
