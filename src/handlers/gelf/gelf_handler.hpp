// janus.eventhandler.gelfevh: events to a GELF collector such as Graylog, over UDP or TCP (spec 8.4).
//
// Control thread; a thread of its own does the sending.
#pragma once
#include <memory>

#include "api/event_handler.hpp"

namespace limen {

std::unique_ptr<EventHandler> make_gelf_handler();

}  // namespace limen
