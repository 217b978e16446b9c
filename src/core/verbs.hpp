// The verbs of the Janus API and of the admin API, by name: one function each, in *_verbs.cpp.
//
// Control thread. A verb answers its call, now or later.
#pragma once
#include <string_view>

#include "core/api_call.hpp"
#include "core/session.hpp"

namespace limen::core {

struct GatewayState;

using ServerVerb = void (*)(GatewayState&, ApiCall);
using SessionVerb = void (*)(GatewayState&, Session&, ApiCall);
using HandleVerb = void (*)(GatewayState&, Handle&, ApiCall);

// Each returns nullptr for a verb it does not know.
ServerVerb find_server_verb(std::string_view verb);    // create, info, ping
SessionVerb find_session_verb(std::string_view verb);  // attach, claim, destroy, keepalive
HandleVerb find_handle_verb(std::string_view verb);    // detach, hangup, message, trickle
ServerVerb find_admin_server_verb(std::string_view verb);
SessionVerb find_admin_session_verb(std::string_view verb);
HandleVerb find_admin_handle_verb(std::string_view verb);

// Used by both APIs.
void answer_info(GatewayState& state, ApiCall call);
void answer_ping(GatewayState& state, ApiCall call);
void detach_handle(GatewayState& state, Handle& handle, ApiCall call);

// Captures of the admin API (admin_capture_verbs.cpp).
void start_pcap(GatewayState& state, Handle& handle, ApiCall call);
void start_text2pcap(GatewayState& state, Handle& handle, ApiCall call);
void stop_capture(GatewayState& state, Handle& handle, ApiCall call);

// A table of verbs: {"name", function} pairs, few enough to look through.
template <typename Table>
auto find_verb(const Table& table, std::string_view verb) -> decltype(table[0].second) {
  for (const auto& [name, function] : table) {
    if (name == verb) return function;
  }
  return nullptr;
}

// Parts of the admin tables (admin_token_verbs.cpp, admin_network_verbs.cpp, admin_setting_verbs.cpp, ...).
ServerVerb find_token_verb(std::string_view verb);
ServerVerb find_network_verb(std::string_view verb);
ServerVerb find_setting_verb(std::string_view verb);
ServerVerb find_drain_verb(std::string_view verb);

}  // namespace limen::core
