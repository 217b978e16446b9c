#include "plugins/videocall/videocall_plugin.hpp"

#include "config/describe.hpp"
#include "plugins/videocall/call_handle.hpp"

namespace limen {
namespace {

constexpr std::string_view kPackage = "janus.plugin.videocall";

struct VideoCallSettings {
  bool events = true;
};
template <typename V>
void describe(V& v, VideoCallSettings& s) {
  v.field("events", s.events, "Tell event handlers of calls");
}

class VideoCallPlugin final : public Plugin {
 public:
  VideoCallPlugin() {
    info_.package = kPackage;
    info_.library = "libjanus_videocall.so";
    info_.name = "Limen VideoCall plugin";
    info_.author = "The Limen authors";
    info_.description = "Two clients call each other by name, through the server.";
    info_.version = 6;
    info_.version_string = "0.0.6";
  }

  const ModuleInfo& info() const override { return info_; }

  Result<> check_config(const std::string& folder, config::Findings& findings) const override {
    VideoCallSettings settings;
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
    bool notify = settings_.events && context_->events_enabled();
    return std::make_unique<videocall::CallHandle>(handle, *context_, registry_, notify);
  }

 private:
  ModuleInfo info_;
  VideoCallSettings settings_;
  PluginContext* context_ = nullptr;
  videocall::CallRegistry registry_;
};

}  // namespace

std::unique_ptr<Plugin> make_videocall_plugin() {
  return std::make_unique<VideoCallPlugin>();
}

}  // namespace limen
