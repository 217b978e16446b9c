// Steps that the set-ups of all plugins share. Coroutines on the control thread.
#pragma once
#include <string>

#include "tools/load/call_setup.hpp"

namespace limen::load {

// A session of its own with a handle on the plugin.
Async<Call> begin_call(LoadContext context, uint32_t peer, std::string plugin);
// Answers the server's offer with "start".
Async<Call> start_receiving(LoadContext context, Call call, std::string offered);

}  // namespace limen::load
