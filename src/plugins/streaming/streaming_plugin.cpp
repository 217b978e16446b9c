#include "plugins/streaming/streaming_plugin.hpp"

#include "plugins/streaming/mountpoint_verbs.hpp"
#include "plugins/streaming/mountpoints.hpp"
#include "plugins/streaming/streaming_handle.hpp"

namespace limen {
namespace {

using namespace streaming;

class StreamingPlugin final : public Plugin {
 public:
  StreamingPlugin() {
    info_.package = "janus.plugin.streaming";
    info_.library = "libjanus_streaming.so";
    info_.name = "Limen Streaming plugin";
    info_.author = "The Limen authors";
    info_.description =
        "Media that come as RTP, from RTSP servers, other addresses or files, to any number of viewers.";
    info_.version = 11;
    info_.version_string = "0.0.11";
  }

  const ModuleInfo& info() const override { return info_; }
  Result<> check_config(const std::string& folder, config::Findings& findings) const override {
    return Mountpoints::check(folder, findings);
  }
  Result<> start(PluginContext& context) override { return mountpoints_.start(context); }

  Result<std::unique_ptr<PluginHandle>> attach(HandleContext& handle) override {
    return std::make_unique<StreamingHandle>(mountpoints_, handle);
  }

  void take_admin_message(Json request, AdminAnswer answer) override {
    if (!request.is_object()) return answer(error_body({ErrorCode::invalid_json, "JSON error: not an object"}));
    const JsonObject& body = request.get_object();
    auto any = read<AnyRequest>(body);
    if (!any) return answer(error_body(any.error()));
    const MountpointVerb* verb = find_mountpoint_verb(lower_name(any->request));
    if (verb == nullptr) {
      return answer(error_body({ErrorCode::invalid_request, fmt::format("Unknown request '{}'", any->request)}));
    }
    MountpointCall call{mountpoints_, body, {}};
    auto give = [answer = std::move(answer)](StreamResult<JsonObject> result) mutable {
      if (result) answer(std::move(*result));
      else answer(error_body(result.error()));
    };
    if (verb->run != nullptr) give(verb->run(call));
    else verb->later(call, std::move(give));
  }

 private:
  ModuleInfo info_;
  Mountpoints mountpoints_;
};

}  // namespace

std::unique_ptr<Plugin> make_streaming_plugin() {
  return std::make_unique<StreamingPlugin>();
}

}  // namespace limen
