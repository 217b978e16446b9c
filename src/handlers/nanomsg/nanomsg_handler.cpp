#include "handlers/nanomsg/nanomsg_handler.hpp"

#include "base/log.hpp"
#include "brokers/nanomsg/nanomsg_link.hpp"
#include "handlers/shared/event_groups.hpp"
#include "handlers/shared/handler_settings.hpp"

namespace limen {
namespace nanomsg_handler {
namespace {

constexpr std::string_view kTag = "[nanomsgevh]";
constexpr std::string_view kPackage = "janus.eventhandler.nanomsgevh";

const ModuleInfo kInfo{.package = std::string(kPackage),
                       .library = "libjanus_nanomsgevh.so",
                       .name = "JANUS NanomsgEventHandler plugin",
                       .author = "Limen",
                       .description = "This is a trivial Nanomsg event handler plugin for Janus.",
                       .version_string = "0.0.1",
                       .version = 1};

struct Config {
  handlers::CommonConfig common;
  std::string mode = "connect";
  std::string address;
};
template <typename V>
void describe(V& v, Config& c) {
  handlers::describe_common(v, c.common);
  handlers::describe_grouping(v, c.common);
  v.field("mode", c.mode, "Go to the subscriber (connect) or wait for it (bind)").one_of({"bind", "connect"});
  v.field("address", c.address, "Where: ipc:///path, tcp://address:port ...");
}

Result<Config> load(const std::string& folder, config::Findings& findings) {
  Config config;
  auto read = config::read_general(folder, kPackage, config, findings);
  if (!read) return std::unexpected(read.error());
  if (config.common.enabled && config.address.empty())
    return fail("there is no `address` to publish at (group general of {}.jcfg)", kPackage);
  return config;
}

class NanomsgHandler final : public EventHandler {
 public:
  ~NanomsgHandler() override { stop(); }
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
    auto link = brokers::NanomsgLink::open(
        {.address = config->address, .bind = config::same_text(config->mode, "bind"), .publish = true},
        context.executor(), nullptr);
    if (!link) return std::unexpected(link.error());
    link_ = std::move(*link);
    mask_ = config->common.mask();
    groups_ =
        std::make_shared<handlers::EventGroups>(context.executor(), config->common.grouping, config->common.format(),
                                                [this](std::string text, size_t /*events*/) {
                                                  losses_.lost(link_->send(std::move(text)), "nobody takes them");
                                                });
    return {};
  }
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
    return {.queued = link_->figures().waiting, .lost = losses_.total()};
  }

 private:
  uint32_t mask_ = 0;
  std::unique_ptr<brokers::NanomsgLink> link_;
  handlers::LossReport losses_{kTag};
  std::shared_ptr<handlers::EventGroups> groups_;
};

}  // namespace
}  // namespace nanomsg_handler

std::unique_ptr<EventHandler> make_nanomsg_handler() {
  return std::make_unique<nanomsg_handler::NanomsgHandler>();
}

}  // namespace limen
