// Statistics events of one handle's media (spec section 8.3, media subtype 3).
#pragma once
#include "rtc/peer/peer_stats.hpp"

namespace limen::core {

struct GatewayState;
class Handle;

// One event per m-line and simulcast layer, or one for all (events.combine_media_stats).
void notify_media_stats(GatewayState& state, const Handle& handle, const rtc::PeerStats& stats);

}  // namespace limen::core
