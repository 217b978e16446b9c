#include "plugins/audiobridge/audiobridge_plugin.hpp"

#include <algorithm>

#include "plugins/audiobridge/bridge_handle.hpp"
#include "plugins/audiobridge/room_verbs.hpp"
#include "plugins/audiobridge/rooms.hpp"

namespace limen {
namespace {

using namespace audiobridge;

class AudioBridgePlugin final : public Plugin {
 public:
  AudioBridgePlugin() {
    info_.package = "janus.plugin.audiobridge";
    info_.library = "libjanus_audiobridge.so";
    info_.name = "Limen AudioBridge plugin";
    info_.author = "The Limen authors";
    info_.description = "Audio conferences that are mixed in the server.";
    info_.version = 13;
    info_.version_string = "0.0.13";
  }

  const ModuleInfo& info() const override { return info_; }
  Result<> check_config(const std::string& folder, config::Findings& findings) const override {
    return Rooms::check(folder, findings);
  }
  Result<> start(PluginContext& context) override { return rooms_.start(context); }

  Result<std::unique_ptr<PluginHandle>> attach(HandleContext& handle) override {
    return std::make_unique<BridgeHandle>(rooms_, handle);
  }

  void take_admin_message(Json request, AdminAnswer answer) override {
    if (!request.is_object()) return answer(error_body({ErrorCode::invalid_json, "JSON error: not an object"}));
    const JsonObject& body = request.get_object();
    auto any = read<AnyRequest>(body);
    if (!any) return answer(error_body(any.error()));
    std::string name = any->request;
    std::ranges::transform(name, name.begin(), [](unsigned char c) { return std::tolower(c); });
    const RoomVerb* verb = find_room_verb(name);
    if (verb == nullptr) {
      return answer(error_body({ErrorCode::invalid_request, fmt::format("Unknown request '{}'", any->request)}));
    }
    RoomCall call{rooms_, body, nullptr, nullptr};
    auto reply = [answer = std::move(answer)](BridgeResult<JsonObject> result) mutable {
      answer(result ? std::move(*result) : error_body(result.error()));
    };
    if (verb->run != nullptr) reply(verb->run(call));
    else verb->later(call, std::move(reply));
  }

 private:
  ModuleInfo info_;
  Rooms rooms_;
};

}  // namespace

std::unique_ptr<Plugin> make_audiobridge_plugin() {
  return std::make_unique<AudioBridgePlugin>();
}

}  // namespace limen
