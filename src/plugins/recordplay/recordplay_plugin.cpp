#include "plugins/recordplay/recordplay_plugin.hpp"

#include <algorithm>
#include <filesystem>

#include "base/log.hpp"
#include "config/config_node.hpp"
#include "config/describe.hpp"
#include "plugins/recordplay/recordplay_handle.hpp"

namespace limen {
namespace recordplay {

template <typename V>
void describe(V& v, RecordPlaySettings& s) {
  v.field("path", s.path, "Folder of the recordings");
  v.field("events", s.events, "Tell event handlers of recordings and playouts");
  v.field("private", s.is_private, "Recordings are private unless said otherwise");
  v.field("admin_key", s.admin_key, "Needed for updates, and to see private recordings");
}

}  // namespace recordplay

namespace {

using namespace recordplay;

constexpr std::string_view kPackage = "janus.plugin.recordplay";

class RecordPlayPlugin final : public Plugin {
 public:
  RecordPlayPlugin() {
    info_.package = kPackage;
    info_.library = "libjanus_recordplay.so";
    info_.name = "Limen RecordPlay plugin";
    info_.author = "The Limen authors";
    info_.description = "Records a client's audio, video and data, and plays recordings.";
    info_.version = 5;
    info_.version_string = "0.0.5";
  }

  const ModuleInfo& info() const override { return info_; }

  Result<> check_config(const std::string& folder, config::Findings& findings) const override {
    RecordPlaySettings settings;
    return read(folder, settings, findings);
  }

  Result<> start(PluginContext& context) override {
    config::Findings findings;
    if (Result<> done = read(context.configs_folder(), settings_, findings); !done) return done;
    findings.log("");
    std::error_code error;
    std::filesystem::create_directories(settings_.path, error);
    if (error) return fail("cannot make the folder '{}' for recordings: {}", settings_.path, error.message());
    context_ = &context;
    catalog_ = std::make_shared<Catalog>(context, settings_.path, settings_.is_private);
    catalog_->rescan([] {});
    return {};
  }

  Result<std::unique_ptr<PluginHandle>> attach(HandleContext& handle) override {
    return std::make_unique<RecordPlayHandle>(*context_, handle, catalog_, settings_);
  }

  std::optional<Json> on_admin_message(const Json& request) override {
    const JsonObject* body = request.if_object();
    if (body == nullptr) return error_body({ErrorCode::invalid_json, "JSON error: not an object"});
    auto any = recordplay::read<AnyRequest>(*body);
    if (!any) return error_body(any.error());
    std::string verb = any->request;
    std::ranges::transform(verb, verb.begin(), [](unsigned char c) { return std::tolower(c); });
    if (verb != "update") {
      return error_body({ErrorCode::invalid_request, fmt::format("Unknown request '{}'", any->request)});
    }
    if (auto good = check_update(*body, settings_); !good) return error_body(good.error());
    catalog_->rescan([] {});
    return JsonObject{{"recordplay", "ok"}};
  }

 private:
  static Result<> read(const std::string& folder, RecordPlaySettings& settings, config::Findings& findings) {
    if (auto done = config::read_general(folder, kPackage, settings, findings); !done) return done;
    if (settings.path.empty()) return fail("'path' in {}.jcfg says no folder for recordings", kPackage);
    return {};
  }

  ModuleInfo info_;
  RecordPlaySettings settings_;
  PluginContext* context_ = nullptr;
  std::shared_ptr<Catalog> catalog_;
};

}  // namespace

std::unique_ptr<Plugin> make_recordplay_plugin() {
  return std::make_unique<RecordPlayPlugin>();
}

}  // namespace limen
