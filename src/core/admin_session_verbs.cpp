// Admin API: verbs of sessions and of handles (spec sections 5.2 and 5.3).
#include "core/gateway_state.hpp"
#include "core/handle_info.hpp"
#include "core/media/media_plane.hpp"
#include "core/verbs.hpp"

namespace limen::core {
namespace {

void list_handles(GatewayState&, Session& session, ApiCall call) {
  JsonArray ids;
  for (const auto& [id, handle] : session.handles) ids.emplace_back(id.value());
  JsonObject reply = call.envelope("success");
  reply["handles"] = std::move(ids);
  call.answer(std::move(reply));
}

void destroy_session(GatewayState& state, Session& session, ApiCall call) {
  state.sessions.end(session.id(), SessionEnd::admin);
  call.succeed();
}

struct TimeoutMessage {
  int64_t timeout = 0;
};
template <typename V>
void describe(V& v, TimeoutMessage& m) {
  v.field("timeout", m.timeout, "Seconds; 0: never; -1: as all sessions");
}

void set_session_timeout(GatewayState&, Session& session, ApiCall call) {
  auto message = call.read<TimeoutMessage>();
  if (!message) return;
  if (message->timeout < -1) {
    return call.fail(
        {ApiErrorCode::invalid_element_type, "Invalid element type (timeout should be a non-negative integer or -1)"});
  }
  session.set_timeout(message->timeout < 0 ? std::nullopt : std::optional(message->timeout));
  JsonObject reply = call.envelope("success", false);
  reply["timeout"] = message->timeout;
  reply["session_id"] = session.id().value();
  call.answer(std::move(reply));
}

struct InfoMessage {
  std::optional<bool> plugin_only;
};
template <typename V>
void describe(V& v, InfoMessage& m) {
  v.field("plugin_only", m.plugin_only, "Leave out what is not the plugin's");
}

void answer_handle_info(const GatewayState& state, const Handle& handle, ApiCall& call, bool plugin_only,
                        const std::optional<rtc::PeerStats>& stats) {
  JsonObject reply = call.envelope("success");
  reply["handle_id"] = handle.handle_id().value();
  reply["info"] = handle_info(state, handle, plugin_only, stats);
  call.answer(std::move(reply));
}

void handle_info_verb(GatewayState& state, Handle& handle, ApiCall call) {
  auto message = call.read<InfoMessage>();
  if (!message) return;
  bool plugin_only = message->plugin_only.value_or(false);
  if (plugin_only || handle.peer() == nullptr)
    return answer_handle_info(state, handle, call, plugin_only, std::nullopt);
  state.media.stats(handle.media_id(), [&state, session = handle.session_id(), id = handle.handle_id(),
                                        call = std::move(call)](std::optional<rtc::PeerStats> stats) mutable {
    Handle* asked = state.sessions.find(session, id);
    if (asked == nullptr) return call.fail({ApiErrorCode::handle_not_found, "Handle not found"});
    answer_handle_info(state, *asked, call, false, stats);
  });
}

void hangup_webrtc(GatewayState&, Handle& handle, ApiCall call) {
  call.succeed();
  handle.hangup("Admin API");
}

constexpr std::pair<std::string_view, SessionVerb> kSessionVerbs[] = {
    {"list_handles", list_handles},
    {"destroy_session", destroy_session},
    {"set_session_timeout", set_session_timeout},
};
constexpr std::pair<std::string_view, HandleVerb> kHandleVerbs[] = {
    {"handle_info", handle_info_verb}, {"detach_handle", detach_handle},     {"hangup_webrtc", hangup_webrtc},
    {"start_pcap", start_pcap},        {"start_text2pcap", start_text2pcap}, {"stop_pcap", stop_capture},
    {"stop_text2pcap", stop_capture},
};

}  // namespace

SessionVerb find_admin_session_verb(std::string_view verb) {
  return find_verb(kSessionVerbs, verb);
}
HandleVerb find_admin_handle_verb(std::string_view verb) {
  return find_verb(kHandleVerbs, verb);
}

}  // namespace limen::core
