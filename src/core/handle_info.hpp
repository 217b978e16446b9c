// The `info` of the admin API's handle_info (spec section 5.3). Control thread.
#pragma once
#include <optional>

#include "api/json.hpp"
#include "rtc/peer/peer_stats.hpp"

namespace limen::core {

struct GatewayState;
class Handle;

// `stats`: of its peer, if there is one.
JsonObject handle_info(const GatewayState& state, const Handle& handle, bool plugin_only,
                       const std::optional<rtc::PeerStats>& stats);
// The `webrtc` member.
JsonObject webrtc_info(const GatewayState& state, const Handle& handle, const rtc::PeerStats& stats);

}  // namespace limen::core
