// What every event handler has in its `general` group, and the frame of its query_eventhandler
// answers (spec 5.4, 8.1, 8.4).
//
// Control thread.
#pragma once
#include <cstdint>
#include <optional>
#include <string>

#include "api/event_handler.hpp"
#include "api/json.hpp"
#include "api/request_reader.hpp"
#include "config/describe.hpp"

namespace limen::handlers {

struct CommonConfig {
  bool enabled = false;
  std::string events;  // absent: nothing is delivered
  std::string json = "compact";
  bool grouping = true;

  uint32_t mask() const { return event_mask_from_text(events); }
  JsonFormat format() const { return json_format_from_name(json).value_or(JsonFormat::compact); }
};

template <typename V>
void describe_common(V& v, CommonConfig& c) {
  v.field("enabled", c.enabled, "Use this event handler");
  v.field("events", c.events, "Which events: a list of types, all or none; absent: none");
  v.field("json", c.json, "How JSON is written").one_of({"indented", "plain", "compact"});
}
template <typename V>
void describe_grouping(V& v, CommonConfig& c) {
  v.field("grouping", c.grouping, "Send what is queued as one array, up to 100 events");
}

// What start() returns when `enabled` is not set: the empty text means that there is nothing to warn of.
std::unexpected<Error> not_enabled();

// A refusal inside an answer that is a success outside.
struct QueryError {
  int code = 413;
  std::string text;
};
Json query_error(const QueryError& error);

// Answers a `tweak` request: reads its body as S and hands it to `apply`, which may refuse it (then
// nothing has changed).
template <typename S, typename Apply>
Json answer_tweak(const Json& request, Apply apply) {
  const JsonObject* body = request.if_object();
  const Json* verb = body == nullptr ? nullptr : body->if_contains("request");
  if (verb == nullptr) return query_error({412, "Missing mandatory element (request)"});
  if (!verb->is_string()) return query_error({413, "Invalid element type (request should be a string)"});
  if (verb->get_string() != "tweak") {
    return query_error({411, fmt::format("Unknown request '{}'", std::string_view(verb->get_string()))});
  }
  auto change = read_request<S>(*body);
  if (!change) return query_error({change.error().missing ? 412 : 413, change.error().text});
  if (std::optional<QueryError> refused = apply(std::move(*change))) return query_error(*refused);
  return JsonObject{{"result", 200}};
}

}  // namespace limen::handlers
