// The body of `info` (spec section 4). Control thread.
#pragma once
#include "api/json.hpp"

namespace limen::core {

struct GatewayState;

// Members from `name` on; the caller puts "janus" and "transaction" before them.
void add_server_info(const GatewayState& state, JsonObject& reply);

}  // namespace limen::core
