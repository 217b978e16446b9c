#include "plugins/voicemail/voicemail_plugin.hpp"

#include <filesystem>

#include "config/describe.hpp"
#include "plugins/voicemail/voicemail_handle.hpp"

namespace limen {
namespace voicemail {

template <typename V>
void describe(V& v, VoiceMailSettings& s) {
  v.field("path", s.path, "Folder of the recordings");
  v.field("base", s.base, "What stands before a recording's name when the caller is told of it");
  v.field("events", s.events, "Tell event handlers of recordings");
}

}  // namespace voicemail

namespace {

using namespace voicemail;

constexpr std::string_view kPackage = "janus.plugin.voicemail";

class VoiceMailPlugin final : public Plugin {
 public:
  VoiceMailPlugin() {
    info_.package = kPackage;
    info_.library = "libjanus_voicemail.so";
    info_.name = "Limen VoiceMail plugin";
    info_.author = "The Limen authors";
    info_.description = "Records ten seconds of a caller's Opus into an Ogg file.";
    info_.version = 7;
    info_.version_string = "0.0.7";
  }

  const ModuleInfo& info() const override { return info_; }

  Result<> check_config(const std::string& folder, config::Findings& findings) const override {
    VoiceMailSettings settings;
    return config::read_general(folder, kPackage, settings, findings);
  }

  Result<> start(PluginContext& context) override {
    config::Findings findings;
    if (Result<> done = config::read_general(context.configs_folder(), kPackage, settings_, findings); !done)
      return done;
    findings.log("");
    if (!context.path_allowed(settings_.path)) return fail("recording to '{}' is refused: protected", settings_.path);
    std::error_code error;
    std::filesystem::create_directories(settings_.path, error);
    if (error) return fail("cannot make the folder '{}' for recordings: {}", settings_.path, error.message());
    context_ = &context;
    return {};
  }

  Result<std::unique_ptr<PluginHandle>> attach(HandleContext& handle) override {
    return std::make_unique<VoiceMailHandle>(*context_, handle, settings_);
  }

 private:
  ModuleInfo info_;
  VoiceMailSettings settings_;
  PluginContext* context_ = nullptr;
};

}  // namespace

std::unique_ptr<Plugin> make_voicemail_plugin() {
  return std::make_unique<VoiceMailPlugin>();
}

}  // namespace limen
