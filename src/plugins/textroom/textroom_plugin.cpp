#include "plugins/textroom/textroom_plugin.hpp"

#include "base/log.hpp"
#include "config/config_node.hpp"
#include "config/describe.hpp"
#include "plugins/textroom/http_client.hpp"
#include "plugins/textroom/text_handle.hpp"
#include "plugins/textroom/text_service.hpp"

namespace limen {
namespace textroom {

template <typename V>
void describe(V& v, TextSettings& s) {
  v.field("admin_key", s.admin_key, "Needed to create rooms, if set");
  v.field("json", s.json, "How JSON is written on data channels").one_of({"indented", "plain", "compact"});
  v.field("events", s.events, "Tell event handlers of rooms and who is in them");
  v.field("string_ids", s.string_ids, "Rooms are named by text");
}

}  // namespace textroom

namespace {

using namespace textroom;

constexpr std::string_view kPackage = "janus.plugin.textroom";

class TextRoomPlugin final : public Plugin {
 public:
  TextRoomPlugin() {
    info_.package = kPackage;
    info_.library = "libjanus_textroom.so";
    info_.name = "Limen TextRoom plugin";
    info_.author = "The Limen authors";
    info_.description = "Chat rooms over data channels.";
    info_.version = 2;
    info_.version_string = "0.0.2";
  }

  const ModuleInfo& info() const override { return info_; }

  Result<> check_config(const std::string& folder, config::Findings& findings) const override {
    TextSettings settings;
    RoomTable rooms;
    return read(folder, settings, rooms, findings);
  }

  Result<> start(PluginContext& context) override {
    TextSettings settings;
    RoomTable rooms;
    config::Findings findings;
    if (Result<> done = read(context.configs_folder(), settings, rooms, findings); !done) return done;
    findings.log("");
    if (Result<> http = start_http_client(); !http) return http;
    auto posts = std::make_shared<HttpPosts>(context.background(), context.executor(), post_json);
    service_ = std::make_unique<TextService>(context, std::move(settings), std::move(rooms), std::move(posts));
    return {};
  }

  Result<std::unique_ptr<PluginHandle>> attach(HandleContext& handle) override {
    return std::make_unique<TextHandle>(handle, *service_);
  }

  std::optional<Json> on_admin_message(const Json& request) override {
    const JsonObject* given = request.if_object();
    if (given == nullptr) return error_object({TextErrorCode::invalid_json, "JSON error: not an object"}, "event");
    const Json* name = given->if_contains("request");
    if (name == nullptr) {
      return error_object({TextErrorCode::missing_element, "Missing mandatory element (request)"}, "event");
    }
    if (!name->is_string()) {
      return error_object({TextErrorCode::invalid_element, "Invalid element type (request should be a string)"},
                          "event");
    }
    if (!TextService::is_api_request(name->get_string())) {
      std::string text = fmt::format("Unknown request '{}'", std::string_view(name->get_string()));
      return error_object({TextErrorCode::invalid_request, std::move(text)}, "event");
    }
    JsonObject body = *given;
    if (!body.contains("textroom")) body["textroom"] = *name;
    auto answer = service_->run(body, nullptr, Door::janus_api);
    return answer ? Json(std::move(*answer)) : Json(JsonObject{{"textroom", "success"}});
  }

 private:
  static Result<> read(const std::string& folder, TextSettings& settings, RoomTable& rooms,
                       config::Findings& findings) {
    auto file = config::read_module(folder, kPackage);
    if (!file) return std::unexpected(file.error());
    if (!*file) return {};
    config::read_group(**file, "general", settings, findings);
    rooms.read(**file, settings.string_ids, findings);
    return {};
  }

  ModuleInfo info_;
  std::unique_ptr<TextService> service_;
};

}  // namespace

std::unique_ptr<Plugin> make_textroom_plugin() {
  return std::make_unique<TextRoomPlugin>();
}

}  // namespace limen
