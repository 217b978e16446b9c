// Names of event types as messages carry them: "handles" in topics, "Handles" in members (spec 8.1, 8.4).
#pragma once
#include <cstdint>
#include <string_view>

#include "api/json.hpp"

namespace limen::handlers {

struct EventName {
  int64_t type = 0;
  std::string_view in_lists;  // "handles"
  std::string_view shown;     // "Handles"
};

// Of the event's member `type`; an unknown type has empty names.
EventName name_of_event(const Json& event);

}  // namespace limen::handlers
