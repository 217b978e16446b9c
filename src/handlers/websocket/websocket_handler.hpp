// janus.eventhandler.wsevh: events over a WebSocket to a collector (spec 8.4).
//
// Control thread.
#pragma once
#include <memory>

#include "api/event_handler.hpp"

namespace limen {

std::unique_ptr<EventHandler> make_websocket_handler();

}  // namespace limen
