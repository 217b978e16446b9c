// Janus API: verbs without a session, and verbs of sessions (spec sections 3.2 and 3.3).
#include "core/gateway_state.hpp"
#include "core/server_info.hpp"
#include "core/session_entrance.hpp"
#include "core/verbs.hpp"
#include "crypto/digest.hpp"

namespace limen::core {
namespace {

void create_allowed(GatewayState& state, ApiCall call);

void create(GatewayState& state, ApiCall call) {
  if (state.drain.active()) {
    return call.fail({ApiErrorCode::not_accepting_sessions,
                      "Not accepting new sessions: this server is about to end, use another one or try again later"});
  }
  if (!state.accepting_sessions) return call.fail(ApiErrorCode::not_accepting_sessions);
  Admission admission = state.auth.admit(call.text("apisecret"), call.text("token"), state.executor.wall_time());
  if (!admission.allowed) return call.fail(ApiErrorCode::unauthorized);
  call.set_claims(std::move(admission.claims));
  ask_for_create(state, std::move(call), [&state](ApiCall allowed) { create_allowed(state, std::move(allowed)); });
}

// Whose sessions are counted together: those of one subject, or of one token.
std::string holder_of(const ApiCall& call) {
  if (call.claims() && !call.claims()->subject.empty()) return "sub:" + call.claims()->subject;
  std::string_view token = call.text("token");
  if (token.empty()) return {};
  crypto::Sha256Digest digest = crypto::sha256(as_bytes(token));
  return std::string(as_text(digest));
}

void create_allowed(GatewayState& state, ApiCall call) {
  if (!state.takes_sessions()) return call.fail(ApiErrorCode::not_accepting_sessions);
  AddressLimits::Seat seat = state.limits.take_session(call.client() ? call.client()->address() : "", holder_of(call));
  if (!seat) {
    return call.fail({ApiErrorCode::not_accepting_sessions, "Too many sessions of this address or token"});
  }
  const Json* wanted = call.message().if_contains("id");
  SessionId id(wanted == nullptr ? 0 : wanted->to_number<uint64_t>());
  auto session = state.sessions.create(id, call.client());
  if (!session) {
    call.set_session_id(id);
    return call.fail(session.error());
  }
  (*session)->set_claims(call.claims());
  (*session)->seat = std::move(seat);
  JsonObject reply = call.envelope("success");
  reply["data"] = JsonObject{{"id", (*session)->id().value()}};
  call.answer(std::move(reply));
}

void keepalive(GatewayState&, Session&, ApiCall call) {
  call.answer(call.envelope("ack"));
}

void claim(GatewayState& state, Session& session, ApiCall call) {
  state.sessions.claim(session, call.client());
  call.succeed();
}

struct AttachMessage {
  std::string plugin;
  std::optional<std::string> opaque_id;
  std::optional<uint32_t> loop_index;
};
template <typename V>
void describe(V& v, AttachMessage& m) {
  v.field("plugin", m.plugin, "Package name of the plugin");
  v.field("opaque_id", m.opaque_id, "A name for the handle, for event handlers and logs");
  v.field("loop_index", m.loop_index, "Wanted media thread");
}

void attach(GatewayState& state, Session& session, ApiCall call) {
  if (call.names_handle()) return call.wrong_path();
  auto message = call.read<AttachMessage>();
  if (!message) return;
  if (state.modules.plugins.find(message->plugin) == nullptr) {
    return call.fail({ApiErrorCode::plugin_not_found, fmt::format("No such plugin '{}'", message->plugin)});
  }
  std::string token(call.text("token"));
  if (!token.empty() && !state.auth.allows_plugin(token, message->plugin, state.executor.wall_time())) {
    return call.fail(
        {ApiErrorCode::unauthorized_plugin, fmt::format("Provided token can't access plugin '{}'", message->plugin)});
  }
  AttachRequest request;
  request.plugin = std::move(message->plugin);
  request.opaque_id = message->opaque_id.value_or("");
  if (!call.claims()) request.token = std::move(token);  // a JWT is worth something elsewhere: it goes nowhere
  const GeneralSettings& general = state.settings.general;
  if (general.event_loops > 0 && general.allow_loop_indication) request.loop = message->loop_index;
  auto handle = state.sessions.attach(session, std::move(request));
  if (!handle) return call.fail(handle.error());
  JsonObject reply = call.envelope("success");
  reply["data"] = JsonObject{{"id", (*handle)->handle_id().value()}};
  call.answer(std::move(reply));
}

void destroy(GatewayState& state, Session& session, ApiCall call) {
  if (call.names_handle()) return call.wrong_path();
  state.sessions.end(session.id(), SessionEnd::requested);
  call.succeed();
}

constexpr std::pair<std::string_view, ServerVerb> kServerVerbs[] = {
    {"create", create}, {"info", answer_info}, {"ping", answer_ping}};
constexpr std::pair<std::string_view, SessionVerb> kSessionVerbs[] = {
    {"keepalive", keepalive}, {"claim", claim}, {"attach", attach}, {"destroy", destroy}};

}  // namespace

ServerVerb find_server_verb(std::string_view verb) {
  return find_verb(kServerVerbs, verb);
}
SessionVerb find_session_verb(std::string_view verb) {
  return find_verb(kSessionVerbs, verb);
}

void answer_info(GatewayState& state, ApiCall call) {
  JsonObject reply = call.envelope("server_info", false);
  add_server_info(state, reply);
  call.answer(std::move(reply));
}

void answer_ping(GatewayState&, ApiCall call) {
  call.answer(call.envelope("pong", false));
}

}  // namespace limen::core
