#include "plugins/videoroom/videoroom_plugin.hpp"

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

  void take_admin_message(Json request, AdminAnswer answer) override {
    if (!request.is_object()) return answer(error_body({ErrorCode::invalid_json, "JSON error: not an object"}));
    const JsonObject& body = request.get_object();
    auto any = read<AnyRequest>(body);
    if (!any) return answer(error_body(any.error()));
    const RoomVerb* verb = find_room_verb(lower_case(any->request));
    if (verb == nullptr) {
      return answer(error_body({ErrorCode::invalid_request, fmt::format("Unknown request '{}'", any->request)}));
    }
    RoomCall call{rooms_, body, nullptr};
    auto reply = [answer = std::move(answer)](RoomResult<JsonObject> result) mutable {
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

std::unique_ptr<Plugin> make_videoroom_plugin() {
  return std::make_unique<VideoRoomPlugin>();
}

}  // namespace limen
