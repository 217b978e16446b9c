#include "transports/net/transport_settings.hpp"

namespace limen::net {
namespace {

Json error_reply(int code, std::string text) {
  return JsonObject{{"error_code", code}, {"error", std::move(text)}};
}

Json wrong_type(std::string_view name, std::string_view type) {
  return error_reply(413, fmt::format("Invalid element type ({} should be {})", name, type));
}

Json configure(const JsonObject& request, TransportSettings& settings, bool core_events,
               const std::function<void(const JsonObject&, JsonArray&)>& extra) {
  const Json* events = request.if_contains("events");
  const Json* json = request.if_contains("json");
  if (events != nullptr && !events->is_bool()) return wrong_type("events", "a boolean");
  if (json != nullptr && !json->is_string()) return wrong_type("json", "a string");
  JsonArray notes;
  // A request without `events` turns them off: so it is in Janus, and monitoring tools know it.
  settings.events = events != nullptr && events->get_bool();
  if (settings.events && !core_events) {
    settings.events = false;
    notes.emplace_back("Event handlers disabled at the core level");
  }
  if (json != nullptr) {
    if (auto format = json_format_from_name(std::string_view(json->get_string()))) settings.json = *format;
    else notes.emplace_back("Ignored unsupported indentation format");
  }
  if (extra) extra(request, notes);
  JsonObject reply{{"result", 200}};
  if (!notes.empty()) reply["notes"] = std::move(notes);
  return reply;
}

}  // namespace

Json answer_query(const Json& request, TransportSettings& settings, bool core_events,
                  const std::function<void(JsonObject&)>& connections,
                  const std::function<void(const JsonObject&, JsonArray&)>& extra) {
  const JsonObject* body = request.if_object();
  const Json* name = body == nullptr ? nullptr : body->if_contains("request");
  if (name == nullptr) return error_reply(412, "Missing mandatory element (request)");
  if (!name->is_string()) return wrong_type("request", "a string");
  std::string_view verb = name->get_string();
  if (verb == "configure") return configure(*body, settings, core_events, extra);
  if (verb == "connections" && connections) {
    JsonObject reply{{"result", 200}};
    connections(reply);
    return reply;
  }
  return error_reply(411, fmt::format("Unknown request '{}'", verb));
}

}  // namespace limen::net
