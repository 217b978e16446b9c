#include "core/session_entrance.hpp"

#include <optional>

#include "core/gateway_state.hpp"
#include "core/verbs.hpp"

namespace limen::core {
namespace {

void run_verb(GatewayState& state, Session& session, ApiCall call) {
  Handle* handle = nullptr;
  if (call.names_handle()) {
    handle = session.find(call.handle_id());
    if (handle == nullptr) {
      return call.fail(
          {ApiErrorCode::handle_not_found,
           fmt::format("No such handle {} in session {}", call.handle_id().value(), call.session_id().value())});
    }
  }
  TraceId& trace = handle != nullptr ? handle->trace : session.trace;
  if (state.settings.general.trace_ids && call.trace()) trace = call.trace();
  // A copy: the session or the handle may end meanwhile.
  log::TraceScope scope(TraceId{trace});
  if (SessionVerb verb = find_session_verb(call.verb())) return verb(state, session, std::move(call));
  if (HandleVerb verb = find_handle_verb(call.verb())) {
    return handle != nullptr ? verb(state, *handle, std::move(call)) : call.wrong_path();
  }
  call.fail({ApiErrorCode::unknown_request, fmt::format("Unknown request '{}'", call.verb_as_sent())});
}

// What is the same for equal questions: who asks for what.
JsonObject who(const ApiCall& call) {
  JsonObject out{{"request", call.verb()}};
  if (call.client()) {
    out["transport"] = call.client()->transport();
    if (std::string address = call.client()->address(); !address.empty()) out["address"] = address;
  }
  if (std::string_view token = call.text("token"); !token.empty()) out["token"] = token;
  if (call.claims() && !call.claims()->subject.empty()) out["subject"] = call.claims()->subject;
  return out;
}

JsonArray names_of(Rights rights) {
  JsonArray out;
  for (Right right : {Right::join, Right::publish, Right::subscribe, Right::create, Right::administer}) {
    if (rights.names(right)) out.emplace_back(text_of({.rights = right}));
  }
  return out;
}

// nullopt: the call needs no permission.
std::optional<JsonObject> question_of(const GatewayState& state, const Session& session, const ApiCall& call) {
  if (!state.hook || !state.hook->asks_for(call.verb())) return std::nullopt;
  JsonObject out = who(call);
  if (call.verb() == "attach") {
    out["plugin"] = call.text("plugin");
    return out;
  }
  const Handle* handle = call.verb() == "message" ? session.find(call.handle_id()) : nullptr;
  const Json* body = call.message().if_contains("body");
  if (handle == nullptr || body == nullptr || !body->is_object()) return std::nullopt;
  NeededRights needed = handle->needed_rights(body->get_object(), call.message().contains("jsep"));
  if (needed.rights.empty() && !needed.any) return std::nullopt;
  out["plugin"] = handle->package();
  out["message"] = request_name(body->get_object());
  out["object"] = needed.object;
  out["rights"] = names_of(needed.rights);
  return out;
}

ApiError refusal(const ApiCall& call, const Verdict& verdict) {
  auto code = call.verb() == "create" ? ApiErrorCode::unauthorized : ApiErrorCode::unauthorized_plugin;
  std::string text(default_text(code));
  return {code, verdict.reason.empty() ? text : fmt::format("{}: {}", text, verdict.reason)};
}

void release_held_calls(GatewayState& state, SessionId id) {
  Session* session = state.sessions.find(id);
  if (session == nullptr) return;  // they have been answered
  std::list<ApiCall> calls = std::exchange(session->held_calls, {});
  for (ApiCall& call : calls) {
    if (Session* still = state.sessions.find(id)) enter_session(state, *still, std::move(call));
    else call.fail(ApiErrorCode::session_not_found);
  }
}

void on_verdict(GatewayState& state, ApiCall call, const Verdict& verdict) {
  SessionId id = call.session_id();
  Session* session = state.sessions.find(id);
  if (session == nullptr) return call.fail(ApiErrorCode::session_not_found);
  session->asking = false;
  if (verdict.allowed) run_verb(state, *session, std::move(call));
  else call.fail(refusal(call, verdict));
  release_held_calls(state, id);
}

}  // namespace

void enter_session(GatewayState& state, Session& session, ApiCall call) {
  if (session.asking) {
    if (session.held_calls.size() >= kMostHeldCalls) {
      return call.fail({ApiErrorCode::unknown, "Too many requests wait for the authorisation service"});
    }
    session.held_calls.push_back(std::move(call));
    return;
  }
  std::optional<JsonObject> question = question_of(state, session, call);
  if (!question) return run_verb(state, session, std::move(call));
  if (auto verdict = state.hook->known(*question)) return on_verdict(state, std::move(call), *verdict);
  session.asking = true;
  JsonObject facts{{"session_id", call.session_id().value()}};
  if (call.names_handle()) facts["handle_id"] = call.handle_id().value();
  state.hook->ask(*question, facts, [&state, call = std::move(call)](const Verdict& verdict) mutable {
    on_verdict(state, std::move(call), verdict);
  });
}

void ask_for_create(GatewayState& state, ApiCall call, std::move_only_function<void(ApiCall)> go_on) {
  if (!state.hook || !state.hook->asks_for("create")) return go_on(std::move(call));
  JsonObject question = who(call);
  bool traced = state.settings.general.trace_ids;
  auto decide = [traced, go_on = std::move(go_on), call = std::move(call)](const Verdict& verdict) mutable {
    log::TraceScope scope(traced ? call.trace() : TraceId());  // the one of the request has ended
    if (verdict.allowed) go_on(std::move(call));
    else call.fail(refusal(call, verdict));
  };
  if (auto verdict = state.hook->known(question)) return decide(*verdict);
  state.hook->ask(question, {}, std::move(decide));
}

}  // namespace limen::core
