// What every transport lets the administrator change while it runs: `json`, `events` (spec 5.4, 6).
//
// Control thread.
#pragma once
#include <functional>
#include <string>

#include "api/json.hpp"

namespace limen::net {

struct TransportSettings {
  JsonFormat json = JsonFormat::compact;
  bool events = true;
};

// Answers query_transport bodies: `configure` and `connections`. `connections` writes its result's
// members into the reply; if null, the request is unknown (411). `extra` may take further members of
// `configure` and add notes; may be null.
Json answer_query(const Json& request, TransportSettings& settings, bool core_events,
                  const std::function<void(JsonObject&)>& connections,
                  const std::function<void(const JsonObject&, JsonArray& notes)>& extra);

}  // namespace limen::net
