#include "handlers/sample/sample_handler.hpp"

#include "base/log.hpp"
#include "handlers/sample/sample_config.hpp"

namespace limen {
namespace sample_handler {
namespace {

constexpr std::string_view kTag = "[sampleevh]";
// The server's end waits so long for what is queued.
constexpr std::chrono::milliseconds kGrace{1000};

const ModuleInfo kInfo{
    .package = std::string(kPackage),
    .library = "libjanus_sampleevh.so",
    .name = "JANUS SampleEventHandler plugin",
    .author = "Limen",
    .description = "This is a trivial sample event handler plugin for Janus, which forwards events via HTTP POST.",
    .version_string = "0.0.1",
    .version = 1};

class SampleHandler final : public EventHandler {
 public:
  const ModuleInfo& info() const override { return kInfo; }
  Result<> check_config(const std::string& folder, config::Findings& findings) const override {
    auto config = read_sample_config(folder, findings);
    if (!config) return std::unexpected(config.error());
    return {};
  }

  Result<> start(EventHandlerContext& context) override {
    config::Findings findings;
    auto config = read_sample_config(context.configs_folder(), findings);
    findings.log(kTag);
    if (!config) return std::unexpected(config.error());
    if (!config->common.enabled) return handlers::not_enabled();
    mask_ = config->common.mask();
    format_ = config->common.format();
    poster_ = std::make_unique<HttpPoster>(config->post_settings());
    return {};
  }

  void stop() override {
    if (poster_) poster_->stop(kGrace);
    poster_.reset();
    mask_ = 0;
  }
  uint32_t mask() const override { return mask_; }
  void on_event(const Json& event) override {
    if (poster_) poster_->push(write_json(event, format_));
  }

  std::optional<Json> on_query(const Json& request) override {
    if (!poster_) return std::nullopt;
    return handlers::answer_tweak<Tweak>(request, [this](const Tweak& tweak) -> std::optional<handlers::QueryError> {
      auto changed = apply_tweak(poster_->settings(), tweak);
      if (!changed) return changed.error();
      poster_->change(std::move(*changed));
      if (tweak.events) mask_ = event_mask_from_text(*tweak.events);
      return std::nullopt;
    });
  }
  ModuleFigures figures() const override {
    if (!poster_) return {};
    HttpPoster::Counters counters = poster_->counters();
    return {.queued = counters.queued, .lost = counters.lost};
  }

 private:
  uint32_t mask_ = 0;
  JsonFormat format_ = JsonFormat::compact;
  std::unique_ptr<HttpPoster> poster_;
};

}  // namespace
}  // namespace sample_handler

std::unique_ptr<EventHandler> make_sample_handler() {
  return std::make_unique<sample_handler::SampleHandler>();
}

}  // namespace limen
