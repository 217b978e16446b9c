// Admin API: status, questions to modules, events and log lines (spec section 5.1).
#include "base/log.hpp"
#include "core/gateway_state.hpp"
#include "core/verbs.hpp"

namespace limen::core {
namespace {

void get_status(GatewayState& state, ApiCall call) {
  const GeneralSettings& general = state.settings.general;
  const MediaSettings& media = state.settings.media;
  JsonObject status;
  status["token_auth"] = state.auth.uses_tokens() || state.auth.uses_jwt();
  status["session_timeout"] = general.session_timeout;
  status["reclaim_session_timeout"] = general.reclaim_session_timeout;
  status["candidates_timeout"] = general.candidates_timeout;
  status["log_level"] = static_cast<int>(log::level());
  status["log_timestamps"] = general.debug_timestamps;
  status["log_colors"] = general.debug_colors;
  status["locking_debug"] = state.debug.locking;
  status["refcount_debug"] = state.debug.refcount;
  status["libnice_debug"] = state.debug.libnice;
  status["min_nack_queue"] = media.min_nack_queue;
  status["nack-optimizations"] = media.nack_optimizations;
  status["no_media_timer"] = media.no_media_timer;
  status["slowlink_threshold"] = media.slowlink_threshold;
  JsonObject reply = call.envelope("success");
  reply["status"] = std::move(status);
  call.answer(std::move(reply));
}

void list_sessions(GatewayState& state, ApiCall call) {
  JsonArray ids;
  for (const auto& [id, session] : state.sessions.all()) ids.emplace_back(id.value());
  JsonObject reply = call.envelope("success");
  reply["sessions"] = std::move(ids);
  call.answer(std::move(reply));
}

// A question to a module: its name under `key`, and an optional request object.
struct Query {
  std::string name;
  JsonObject request;
};

std::optional<Query> read_query(ApiCall& call, std::string_view key) {
  RequestReader reader(call.message());
  Query query;
  std::optional<JsonObject> request;
  reader.field(key, query.name, "");
  reader.field("request", request, "");
  if (reader.error()) {
    call.fail({reader.error()->missing ? ApiErrorCode::missing_mandatory_element : ApiErrorCode::invalid_element_type,
               reader.error()->text});
    return std::nullopt;
  }
  if (request) query.request = std::move(*request);
  return query;
}

void answer_query(ApiCall& call, std::optional<Json> response, std::string_view unsupported) {
  if (!response) return call.fail({ApiErrorCode::unknown, std::string(unsupported)});
  JsonObject reply = call.envelope("success");
  reply["response"] = std::move(*response);
  call.answer(std::move(reply));
}

void message_plugin(GatewayState& state, ApiCall call) {
  auto query = read_query(call, "plugin");
  if (!query) return;
  Plugin* plugin = state.modules.plugins.find(query->name);
  if (plugin == nullptr) return call.fail({ApiErrorCode::plugin_not_found, "Invalid plugin"});
  plugin->take_admin_message(std::move(query->request), [call = std::move(call)](std::optional<Json> response) mutable {
    answer_query(call, std::move(response), "Plugin doesn't support Admin API messages");
  });
}

void query_transport(GatewayState& state, ApiCall call) {
  auto query = read_query(call, "transport");
  if (!query) return;
  Transport* transport = state.modules.transports.find(query->name);
  if (transport == nullptr) return call.fail({ApiErrorCode::plugin_not_found, "Invalid transport"});
  answer_query(call, transport->on_query(std::move(query->request)), "Transport plugin doesn't support queries");
}

void query_eventhandler(GatewayState& state, ApiCall call) {
  auto query = read_query(call, "handler");
  if (!query) return;
  EventHandler* handler = state.modules.handlers.find(query->name);
  if (handler == nullptr) return call.fail({ApiErrorCode::plugin_not_found, "Invalid event handler"});
  answer_query(call, handler->on_query(std::move(query->request)), "Event handler doesn't support queries");
}

void query_logger(GatewayState& state, ApiCall call) {
  auto query = read_query(call, "logger");
  if (!query) return;
  LogSink* logger = state.modules.find_logger(query->name);
  if (logger == nullptr) return call.fail({ApiErrorCode::plugin_not_found, "Invalid logger"});
  answer_query(call, logger->on_query(std::move(query->request)), "Logger doesn't support queries");
}

struct CustomEvent {
  std::string schema;
  JsonObject data;
};
template <typename V>
void describe(V& v, CustomEvent& e) {
  v.field("schema", e.schema, "Name of the kind of event");
  v.field("data", e.data, "Its contents");
}

void custom_event(GatewayState& state, ApiCall call) {
  auto event = call.read<CustomEvent>();
  if (!event) return;
  state.events.notify(EventType::external, {}, JsonObject{{"schema", event->schema}, {"data", std::move(event->data)}});
  call.succeed();
}

struct CustomLine {
  std::string line;
  std::optional<uint64_t> level;
};
template <typename V>
void describe(V& v, CustomLine& l) {
  v.field("line", l.line, "Text of the line");
  v.field("level", l.level, "Its log level");
}

void custom_logline(GatewayState&, ApiCall call) {
  auto line = call.read<CustomLine>();
  if (!line) return;
  uint64_t level = line->level.value_or(4);
  if (level < 1 || level > 7) level = 4;
  auto wanted = static_cast<log::Level>(level);
  if (log::enabled(wanted)) log::write(wanted, "", line->line);
  call.succeed();
}

constexpr std::pair<std::string_view, ServerVerb> kVerbs[] = {
    {"info", answer_info},
    {"ping", answer_ping},
    {"get_status", get_status},
    {"list_sessions", list_sessions},
    {"message_plugin", message_plugin},
    {"query_transport", query_transport},
    {"query_eventhandler", query_eventhandler},
    {"query_logger", query_logger},
    {"custom_event", custom_event},
    {"custom_logline", custom_logline},
};

}  // namespace

ServerVerb find_admin_server_verb(std::string_view verb) {
  for (auto find : {find_setting_verb, find_token_verb, find_network_verb, find_drain_verb}) {
    if (ServerVerb found = find(verb)) return found;
  }
  return find_verb(kVerbs, verb);
}

}  // namespace limen::core
