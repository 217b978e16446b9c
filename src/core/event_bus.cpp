#include "core/event_bus.hpp"

#include <algorithm>

namespace limen::core {

bool EventBus::wanted(EventType type) const {
  if (!enabled_) return false;
  return std::any_of(handlers_.begin(), handlers_.end(),
                     [&](EventHandler* handler) { return (handler->mask() & static_cast<uint32_t>(type)) != 0; });
}

void EventBus::notify(EventType type, const EventSubject& subject, Json body, int subtype) {
  if (!wanted(type)) return;
  ++sent_;
  JsonObject event;
  event["emitter"] = emitter_;
  event["type"] = static_cast<int>(type);
  if (subtype != 0) event["subtype"] = subtype;
  event["timestamp"] = executor_.wall_time().us;
  if (subject.session) event["session_id"] = subject.session.value();
  if (subject.handle) event["handle_id"] = subject.handle.value();
  if (!subject.opaque_id.empty()) event["opaque_id"] = subject.opaque_id;
  const TraceId& trace = log::current_trace ? log::current_trace : subject.trace;
  if (trace) event["trace_id"] = trace.text();
  event["event"] = std::move(body);
  Json whole(std::move(event));
  for (EventHandler* handler : handlers_) {
    if ((handler->mask() & static_cast<uint32_t>(type)) != 0) handler->on_event(whole);
  }
}

}  // namespace limen::core
