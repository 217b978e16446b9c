#include "plugins/nosip/nosip_plugin.hpp"

#include "plugins/nosip/nosip_handle.hpp"

namespace limen {
namespace {

constexpr std::string_view kPackage = "janus.plugin.nosip";

class NoSipPlugin final : public Plugin {
 public:
  NoSipPlugin() {
    info_.package = kPackage;
    info_.library = "libjanus_nosip.so";
    info_.name = "Limen NoSIP plugin";
    info_.author = "The Limen authors";
    info_.description = "Bridges WebRTC and plain RTP; signalling is the application's business.";
    info_.version = 2;
    info_.version_string = "0.0.2";
  }

  const ModuleInfo& info() const override { return info_; }
  Result<> start(PluginContext&) override { return {}; }
  Result<std::unique_ptr<PluginHandle>> attach(HandleContext& handle) override {
    return std::make_unique<nosip::NoSipHandle>(handle);
  }

 private:
  ModuleInfo info_;
};

}  // namespace

std::unique_ptr<Plugin> make_nosip_plugin() {
  return std::make_unique<NoSipPlugin>();
}

}  // namespace limen
