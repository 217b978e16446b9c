#include "handlers/shared/event_names.hpp"

namespace limen::handlers {

EventName name_of_event(const Json& event) {
  static constexpr EventName kNames[] = {
      {1, "sessions", "Sessions"}, {2, "handles", "Handles"},         {4, "external", "External"},
      {8, "jsep", "Jsep"},         {16, "webrtc", "WebRTC"},          {32, "media", "Media"},
      {64, "plugins", "Plugins"},  {128, "transports", "Transports"}, {256, "core", "Core"}};
  const JsonObject* object = event.if_object();
  const Json* type = object == nullptr ? nullptr : object->if_contains("type");
  boost::json::error_code failure;
  int64_t number = type != nullptr && type->is_number() ? type->to_number<int64_t>(failure) : 0;
  for (const EventName& name : kNames) {
    if (name.type == number) return name;
  }
  return {number, "", ""};
}

}  // namespace limen::handlers
