#include "transports/whip/plugin_requests.hpp"

namespace limen::whip {
namespace {

void add(JsonObject& body, std::string_view key, const std::string& value) {
  if (!value.empty()) body[key] = value;
}

JsonObject publish_in_room(const EndpointTarget& target, const Access& access) {
  JsonObject body{{"request", "joinandconfigure"}, {"ptype", "publisher"}, {"room", target.id}};
  if (target.feed) body["id"] = *target.feed;
  add(body, "pin", access.pin);
  add(body, "token", access.token);
  add(body, "display", access.display);
  return body;
}

JsonObject play_from_room(const EndpointTarget& target, const Access& access) {
  JsonObject body{{"request", "join"},
                  {"ptype", "subscriber"},
                  {"room", target.id},
                  {"client_offer", true},
                  {"streams", JsonArray{JsonObject{{"feed", target.feed.value_or(Json())}}}}};
  add(body, "pin", access.pin);
  add(body, "token", access.token);
  return body;
}

JsonObject with_mountpoint(std::string_view request, const EndpointTarget& target, const Access& access) {
  JsonObject body{{"request", request}, {"id", target.id}};
  if (target.role == Role::publish) add(body, "secret", access.secret);
  else add(body, "pin", access.pin);
  return body;
}

}  // namespace

std::string_view package_of(Plugin plugin) {
  return plugin == Plugin::videoroom ? "janus.plugin.videoroom" : "janus.plugin.streaming";
}

JsonObject first_request(const EndpointTarget& target, const Access& access) {
  bool publishes = target.role == Role::publish;
  if (target.plugin == Plugin::streaming) return with_mountpoint(publishes ? "publish" : "watch", target, access);
  return publishes ? publish_in_room(target, access) : play_from_room(target, access);
}

JsonObject again_request(const EndpointTarget& target, const Access& access) {
  if (target.plugin == Plugin::videoroom) return JsonObject{{"request", "configure"}};
  return first_request(target, access);
}

EndpointTarget with_text_ids(const EndpointTarget& target) {
  EndpointTarget out = target;
  out.id = id_text(target.id);
  if (target.feed) out.feed = id_text(*target.feed);
  return out;
}

}  // namespace limen::whip
