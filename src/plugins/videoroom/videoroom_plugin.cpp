#include "plugins/videoroom/videoroom_plugin.hpp"

#include <algorithm>

#include "plugins/videoroom/requests.hpp"
#include "plugins/videoroom/room_verbs.hpp"
#include "plugins/videoroom/rooms.hpp"
#include "plugins/videoroom/videoroom_handle.hpp"

namespace limen {
namespace {

using namespace videoroom;

class VideoRoomPlugin final : public Plugin {
 public:
  VideoRoomPlugin() {
    info_.package = "janus.plugin.videoroom";
    info_.library = "libjanus_videoroom.so";
    info_.name = "Limen VideoRoom plugin";
    info_.author = "The Limen authors";
    info_.description = "Rooms whose participants get each other's audio, video and data, stream by stream.";
    info_.version = 10;
    info_.version_string = "0.0.10";
  }

  const ModuleInfo& info() const override { return info_; }
  Result<> check_config(const std::string& folder, config::Findings& findings) const override {
    return Rooms::check(folder, findings);
  }
  Result<> start(PluginContext& context) override { return rooms_.start(context); }

  Result<std::unique_ptr<PluginHandle>> attach(HandleContext& handle) override {
    return std::make_unique<VideoRoomHandle>(rooms_, handle);
  }

  std::optional<Json> on_admin_message(const Json& request) override {
    if (!request.is_object()) return error_body({ErrorCode::invalid_json, "JSON error: not an object"});
    const JsonObject& body = request.get_object();
    auto any = read<AnyRequest>(body);
    if (!any) return error_body(any.error());
    std::string name = any->request;
    std::ranges::transform(name, name.begin(), [](unsigned char c) { return std::tolower(c); });
    const RoomVerb* verb = find_room_verb(name);
    if (verb == nullptr) {
      return error_body({ErrorCode::invalid_request, fmt::format("Unknown request '{}'", any->request)});
    }
    RoomCall call{rooms_, body, nullptr};
    if (verb->run == nullptr) return error_body({ErrorCode::unknown, "This request needs a handle"});
    auto result = verb->run(call);
    if (!result) return error_body(result.error());
    return std::move(*result);
  }

 private:
  ModuleInfo info_;
  Rooms rooms_;
};

}  // namespace

std::unique_ptr<Plugin> make_videoroom_plugin() {
  return std::make_unique<VideoRoomPlugin>();
}

}  // namespace limen
