// Janus API: verbs of handles (spec section 3.4).
#include "core/gateway_state.hpp"
#include "core/verbs.hpp"

namespace limen::core {
namespace {

void hangup(GatewayState&, Handle& handle, ApiCall call) {
  call.succeed();
  handle.hangup("Janus API");
}

void message(GatewayState&, Handle& handle, ApiCall call) {
  handle.message(std::move(call));
}
void trickle(GatewayState&, Handle& handle, ApiCall call) {
  handle.trickle(std::move(call));
}

constexpr std::pair<std::string_view, HandleVerb> kHandleVerbs[] = {
    {"detach", detach_handle}, {"hangup", hangup}, {"message", message}, {"trickle", trickle}};

}  // namespace

HandleVerb find_handle_verb(std::string_view verb) {
  return find_verb(kHandleVerbs, verb);
}

void detach_handle(GatewayState& state, Handle& handle, ApiCall call) {
  call.succeed();
  state.sessions.detach(handle.session_id(), handle.handle_id());
}

}  // namespace limen::core
