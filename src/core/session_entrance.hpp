// The way of a request into its session: behind those that came before it, and past the authorisation service where
// that is to be asked (docs/authentication.md).
//
// Control thread.
#pragma once
#include "core/api_call.hpp"
#include "core/session.hpp"

namespace limen::core {

struct GatewayState;

inline constexpr size_t kMostHeldCalls = 256;  // of a session, while the service is asked

// Runs the call's verb, now or, if the service is asked or was asked for an earlier call, later. Secret and token have
// been checked.
void enter_session(GatewayState& state, Session& session, ApiCall call);

// `create`: has no session yet. `go_on` runs if it may.
void ask_for_create(GatewayState& state, ApiCall call, std::move_only_function<void(ApiCall)> go_on);

}  // namespace limen::core
