// Handle: the `message` verb, from the client's request to the plugin's answer (spec section 3.4).
#include "base/log.hpp"
#include "core/gateway_state.hpp"
#include "core/handle.hpp"

namespace limen::core {
namespace {

constexpr Duration kCleaningLimit = std::chrono::seconds(3);

struct MessageRequest {
  JsonObject body;
};
template <typename V>
void describe(V& v, MessageRequest& r) {
  v.field("body", r.body, "The plugin's request");
}

}  // namespace

void Handle::message(ApiCall call) {
  const Json* jsep = call.message().if_contains("jsep");
  if (jsep != nullptr && closing_) {
    // The old PeerConnection is on its way out: its successor waits for that, but not for ever.
    if (waiting_.empty()) {
      call_after(kCleaningLimit, [this] {
        if (!closing_) return;
        for (ApiCall& late : waiting_) late.fail({ApiErrorCode::webrtc_state, "Still cleaning a previous session"});
        waiting_.clear();
      });
    }
    waiting_.push_back(std::move(call));
    return;
  }
  auto request = call.read<MessageRequest>();
  if (!request) return;
  if (auto refusal = rights_missing(call, request->body, jsep != nullptr)) return call.fail(std::move(*refusal));
  std::optional<RemoteJsep> description;
  if (jsep != nullptr) {
    auto taken = take_client_jsep(*jsep);
    if (!taken) return call.fail(taken.error());
    description = std::move(*taken);
  }
  run_message(std::move(call), std::move(request->body), std::move(description));
}

std::optional<ApiError> Handle::rights_missing(const ApiCall& call, const JsonObject& body, bool with_jsep) const {
  if (!call.claims()) return std::nullopt;
  NeededRights needed = plugin_handle_->needed_rights(body, with_jsep);
  if (call.claims()->grants.allows(package_, needed)) return std::nullopt;
  std::string what = text_of(needed);
  return ApiError(ApiErrorCode::unauthorized_plugin,
                  what.empty() ? fmt::format("Provided token can't access plugin '{}'", package_)
                               : fmt::format("Provided token can't {} of plugin '{}'", what, package_));
}

void Handle::run_message(ApiCall call, JsonObject body, std::optional<RemoteJsep> jsep) {
  std::string transaction = call.transaction();
  unanswered_.insert(transaction);
  Reply reply(
      [&state = state_, session = session_id(), id = id_, call = std::move(call)](Reply::Outcome outcome) mutable {
        if (Handle* handle = state.sessions.find(session, id)) handle->resolve(std::move(call), std::move(outcome));
        else call.fail(ApiErrorCode::handle_not_found);
      });
  ++in_plugin_;
  plugin_handle_->on_message({.transaction = std::move(transaction), .body = std::move(body), .jsep = std::move(jsep)},
                             std::move(reply));
  --in_plugin_;
  flush();
}

void Handle::resolve(ApiCall call, Reply::Outcome outcome) {
  std::string transaction = call.transaction();
  switch (outcome.kind) {
    case Reply::Outcome::Kind::success:
      if (outcome.jsep) {
        // A description may have to wait for candidates, so it travels in an event of its own.
        call.answer(call.envelope("ack"));
        push_event(transaction, std::move(outcome.data), std::move(outcome.jsep));
      } else {
        call.answer(plugin_reply(call, std::move(outcome.data)));
      }
      break;
    case Reply::Outcome::Kind::ack: {
      JsonObject ack = call.envelope("ack");
      if (!outcome.text.empty()) ack["hint"] = outcome.text;
      call.answer(std::move(ack));
      break;
    }
    case Reply::Outcome::Kind::error:
      call.fail({static_cast<ApiErrorCode>(outcome.code), std::move(outcome.text)});
      break;
  }
  after_reply(transaction);
}

void Handle::after_reply(const std::string& transaction) {
  // Clients may use one transaction twice; one answer frees one of them.
  if (auto found = unanswered_.find(transaction); found != unanswered_.end()) unanswered_.erase(found);
  flush();
}

JsonObject Handle::plugin_reply(const ApiCall& call, Json data) {
  JsonObject reply = call.envelope("success");
  reply["sender"] = id_.value();
  if (state_.settings.general.opaqueid_in_api && !opaque_id_.empty()) reply["opaque_id"] = opaque_id_;
  reply["plugindata"] = JsonObject{{"plugin", package_}, {"data", std::move(data)}};
  return reply;
}

}  // namespace limen::core
