#include "plugins/echotest/echotest_plugin.hpp"

#include "config/describe.hpp"
#include "plugins/echotest/echo_handle.hpp"

namespace limen {
namespace {

constexpr std::string_view kPackage = "janus.plugin.echotest";

struct EchoSettings {
  bool events = true;
};
template <typename V>
void describe(V& v, EchoSettings& s) {
  v.field("events", s.events, "Tell event handlers of settings");
}

class EchoTestPlugin final : public Plugin {
 public:
  EchoTestPlugin() {
    info_.package = kPackage;
    info_.library = "libjanus_echotest.so";
    info_.name = "Limen EchoTest plugin";
    info_.author = "The Limen authors";
    info_.description = "Sends audio and video back to who sent them, layer by layer if wanted.";
    info_.version = 7;
    info_.version_string = "0.0.7";
  }

  const ModuleInfo& info() const override { return info_; }

  Result<> check_config(const std::string& folder, config::Findings& findings) const override {
    EchoSettings settings;
    return config::read_general(folder, kPackage, settings, findings);
  }

  Result<> start(PluginContext& context) override {
    config::Findings findings;
    Result<> done = config::read_general(context.configs_folder(), kPackage, settings_, findings);
    findings.log("");
    context_ = &context;
    return done;
  }

  Result<std::unique_ptr<PluginHandle>> attach(HandleContext& handle) override {
    return std::make_unique<echotest::EchoHandle>(*context_, handle, settings_.events && context_->events_enabled());
  }

  std::optional<Json> on_admin_message(const Json& request) override { return request; }

 private:
  ModuleInfo info_;
  EchoSettings settings_;
  PluginContext* context_ = nullptr;
};

}  // namespace

std::unique_ptr<Plugin> make_echotest_plugin() {
  return std::make_unique<EchoTestPlugin>();
}

}  // namespace limen
