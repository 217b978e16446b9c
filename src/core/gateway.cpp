#include "core/gateway.hpp"

#include <cstdlib>
#include <filesystem>

#include "base/constant_time.hpp"
#include "base/log.hpp"
#include "core/gateway_state.hpp"
#include "core/server_info.hpp"
#include "core/session_entrance.hpp"
#include "core/verbs.hpp"

namespace limen::core {
namespace {

constexpr Duration kWatchPeriod = std::chrono::seconds(1);
constexpr int kUpdateEvery = 15;  // watch periods between `update` events

ApiError no_such_session(SessionId id) {
  return {ApiErrorCode::session_not_found, fmt::format("No such session {}", id.value())};
}
ApiError no_such_handle(const ApiCall& call) {
  return {ApiErrorCode::handle_not_found,
          fmt::format("No such handle {} in session {}", call.handle_id().value(), call.session_id().value())};
}

void dispatch(GatewayState& state, ApiCall call) {
  if (!call.session_id() && !call.handle_id()) {
    ServerVerb verb = find_server_verb(call.verb());
    return verb != nullptr ? verb(state, std::move(call)) : call.wrong_path();
  }
  if (!call.session_id()) return call.fail(ApiErrorCode::session_not_found);
  if (call.names_handle() && !call.handle_id()) return call.fail(ApiErrorCode::handle_not_found);
  // Before the session is looked up, so that nobody can try ids without credentials.
  Admission admission = state.auth.admit(call.text("apisecret"), call.text("token"), state.executor.wall_time());
  if (!admission.allowed) return call.fail(ApiErrorCode::unauthorized);
  Session* session = state.sessions.find(call.session_id());
  if (session == nullptr) return call.fail(no_such_session(call.session_id()));
  session->active(state.executor.now());
  session->set_claims(admission.claims);
  call.set_claims(std::move(admission.claims));
  enter_session(state, *session, std::move(call));
}

bool admin_allowed(const GatewayState& state, const ApiCall& call) {
  const std::string& secret = state.settings.general.admin_secret;
  return secret.empty() || constant_time_equal(call.text("admin_secret"), secret);
}

void dispatch_admin(GatewayState& state, ApiCall call) {
  bool server_level = !call.session_id() && !call.handle_id();
  bool open = server_level && (call.verb() == "info" || call.verb() == "ping");
  if (!open && !admin_allowed(state, call)) return call.fail(ApiErrorCode::unauthorized);
  if (server_level) {
    ServerVerb verb = find_admin_server_verb(call.verb());
    return verb != nullptr ? verb(state, std::move(call)) : call.wrong_path();
  }
  if (!call.session_id()) return call.fail(ApiErrorCode::session_not_found);
  if (call.message().contains("handle_id") && !call.handle_id()) return call.fail(ApiErrorCode::session_not_found);
  Session* session = state.sessions.find(call.session_id());
  if (session == nullptr) return call.fail(no_such_session(call.session_id()));
  if (!call.names_handle()) {
    SessionVerb verb = find_admin_session_verb(call.verb());
    return verb != nullptr ? verb(state, *session, std::move(call)) : call.wrong_path();
  }
  Handle* handle = session->find(call.handle_id());
  if (handle == nullptr) return call.fail(no_such_handle(call));
  HandleVerb verb = find_admin_handle_verb(call.verb());
  return verb != nullptr ? verb(state, *handle, std::move(call)) : call.wrong_path();
}

AuthSettings auth_settings(const GeneralSettings& general) {
  return {.api_secret = general.api_secret,
          .token_auth = general.token_auth,
          .token_auth_secret = general.token_auth_secret};
}

}  // namespace

GatewayState::GatewayState(GatewayParts parts, ApiSink& api)
    : settings(std::move(parts.settings)),
      facts(std::move(parts.facts)),
      log(std::move(parts.log)),
      sink(api),
      executor(parts.executor),
      background(parts.background),
      random(parts.random),
      mdns(executor, background, settings.media.ipv6),
      media(parts.media),
      certificate(std::move(parts.certificate)),
      io_context(parts.io_context),
      add_runtime_metrics(std::move(parts.add_runtime_metrics)),
      on_drained(std::move(parts.on_drained)),
      auth(auth_settings(settings.general)),
      limits(settings.limits, executor),
      events(parts.executor, settings.general.server_name),
      sink_context(*this),
      sessions(*this),
      loops(parts.executor, parts.media),
      metrics(*this),
      monitoring(*this) {
  modules.loggers = std::move(parts.loggers);
  modules.handlers.add(std::move(parts.handlers), settings.events.disable);
  modules.plugins.add(std::move(parts.plugins), settings.plugins.disable);
  modules.transports.add(std::move(parts.transports), settings.transports.disable);
}

bool GatewayState::path_allowed(const std::string& path) const {
  const std::vector<std::string>& folders = settings.general.protected_folders;
  if (folders.empty()) return true;
  if (path.starts_with(' ')) return false;
  // What does not exist yet is judged by the part of it that does.
  std::error_code failure;
  std::string real = std::filesystem::weakly_canonical(path.empty() ? "." : path, failure).string();
  if (failure) return false;
  return std::none_of(folders.begin(), folders.end(),
                      [&](const std::string& folder) { return real.starts_with(folder); });
}

Gateway::Gateway(GatewayParts parts) : state_(std::make_unique<GatewayState>(std::move(parts), *this)) {}

Gateway::~Gateway() {
  state_->sessions.end_all(SessionEnd::shutdown);
}

Result<> Gateway::start() {
  ModuleTable& modules = state_->modules;
  if (state_->settings.jwt.enabled()) {
    auto jwt = JwtVerifier::open(state_->settings.jwt);
    if (!jwt) return fail("JSON Web Tokens: {}", jwt.error().text);
    state_->auth.set_jwt(std::move(*jwt));
  }
  if (const WebhookSettings& webhook = state_->settings.webhook; webhook.enabled() && !state_->hook) {
    state_->hook = std::make_unique<AuthorisationHook>(webhook, state_->executor);
  }
  modules.handlers.start([&](EventHandler& handler) { return handler.start(state_->sink_context); });
  for (const auto& [package, handler] : modules.handlers.all()) state_->events.add(handler.get());
  state_->events.set_enabled(state_->settings.events.broadcast);

  modules.plugins.start([&](Plugin& plugin) {
    const std::string& package = plugin.info().package;
    state_->plugin_ports[package] = std::make_unique<PluginPort>(*state_, package);
    return plugin.start(*state_->plugin_ports[package]);
  });
  modules.transports.start([&](Transport& transport) { return transport.start(state_->sink_context); });

  bool janus = false;
  bool admin = false;
  for (const auto& [package, transport] : modules.transports.all()) {
    janus = janus || transport->serves_janus_api();
    admin = admin || transport->serves_admin_api();
  }
  if (!janus) return fail("No transport serves the Janus API: enable one in its configuration file");
  if (state_->auth.stored_tokens() && !admin) {
    return fail("Tokens are enabled, but no transport serves the Admin API that would manage them");
  }
  JsonObject info{{"janus", "server_info"}};
  add_server_info(*state_, info);
  state_->events.notify(EventType::core, {}, JsonObject{{"status", "started"}, {"info", std::move(info)}},
                        subtype::kStartup);
  watch_sessions();
  state_->loops.start();
  state_->started = true;
  return {};
}

void Gateway::watch_sessions() {
  state_->watch_timer = state_->executor.call_after(kWatchPeriod, [this] {
    state_->sessions.check(state_->executor.now());
    bool drained = state_->drain.over(state_->sessions.all().size(), state_->executor.now());
    if (drained && state_->on_drained) return finish_drain();
    if (++state_->watch_count % kUpdateEvery == 0 && state_->events.wanted(EventType::core)) {
      JsonObject info{{"sessions", state_->sessions.all().size()},
                      {"handles", state_->sessions.handle_count()},
                      {"peerconnections", state_->sessions.peer_connection_count()},
                      {"stats-period", state_->settings.events.stats_period}};
      state_->events.notify(EventType::core, {}, JsonObject{{"status", "update"}, {"info", std::move(info)}},
                            subtype::kStartup);
    }
    watch_sessions();
  });
}

// Sessions that are left end with the process.
void Gateway::finish_drain() {
  size_t left = state_->sessions.all().size();
  if (left > 0) log::warning("", "The drain has reached its limit: {} sessions are cut off", left);
  else log::info("", "Drained: the last session has gone");
  state_->watch_timer = {};
  state_->executor.post([done = std::exchange(state_->on_drained, nullptr)] { done(); });
}

void Gateway::begin_drain() {
  state_->begin_drain(std::nullopt);
}

Monitoring& Gateway::monitoring() {
  return state_->monitoring;
}

void Gateway::stop(int signal) {
  state_->started = false;
  state_->loops.stop();
  if (state_->watch_timer) state_->executor.cancel(std::exchange(state_->watch_timer, {}));
  state_->events.notify(EventType::core, {}, JsonObject{{"status", "shutdown"}, {"signum", signal}},
                        subtype::kShutdown);
  if (state_->hook) state_->hook->stop();
  state_->sessions.end_all(SessionEnd::shutdown);
  for (const auto& [package, transport] : state_->modules.transports.all()) transport->stop();
  for (const auto& [package, handler] : state_->modules.handlers.all()) handler->stop();
  state_->events.set_enabled(false);
}

std::vector<Listening> Gateway::listening() const {
  std::vector<Listening> all;
  for (const auto& [package, transport] : state_->modules.transports.all()) {
    std::ranges::move(transport->listening(), std::back_inserter(all));
  }
  return all;
}

void Gateway::handle(Request request) {
  bool admin = request.admin;
  state_->figures->count(request.client ? request.client->transport() : "none", admin);
  std::optional<int> wait =
      request.counted ? std::nullopt : state_->limits.count_request(request.client ? request.client->address() : "");
  ApiCall call(std::move(request), state_->figures);
  if (!call.read_envelope()) return;
  if (wait) return call.fail({ApiErrorCode::transport_specific, too_many_requests(*wait)});
  log::TraceScope scope(state_->settings.general.trace_ids ? call.trace() : TraceId());
  if (admin) dispatch_admin(*state_, std::move(call));
  else dispatch(*state_, std::move(call));
}

void Gateway::handle_unparsable(const std::shared_ptr<Client>&, const JsonError& error,
                                std::move_only_function<void(const Json&)> reply) {
  JsonObject answer{{"janus", "error"}};
  answer["error"] = JsonObject{
      {"code", static_cast<int>(ApiErrorCode::invalid_json)},
      {"reason", fmt::format("Invalid Janus API request - <string>({},{}): {}", error.line, error.column, error.text)}};
  reply(Json(std::move(answer)));
}

PollCheck Gateway::check_poll(SessionId id, std::string_view api_secret, std::string_view token) {
  Admission admission = state_->auth.admit(api_secret, token, state_->executor.wall_time());
  if (!admission.allowed) return PollCheck::unauthorised;
  Session* session = state_->sessions.find(id);
  if (session == nullptr) return PollCheck::no_such_session;
  session->set_claims(std::move(admission.claims));
  session->active(state_->executor.now());
  return PollCheck::ok;
}

// Later, in a turn of its own: a transport may notice a dead connection while it sends an event.
void Gateway::client_gone(const std::shared_ptr<Client>& client) {
  if (!client->connection_oriented()) return;
  state_->executor.post([this, client] { state_->sessions.client_gone(client); });
}

void Gateway::notify_transport_event(std::string_view transport, std::string_view client_id, Json data) {
  state_->events.notify(EventType::transport, {},
                        JsonObject{{"transport", transport}, {"id", client_id}, {"data", std::move(data)}});
}

bool Gateway::events_enabled() const {
  return state_->events.enabled();
}

}  // namespace limen::core
