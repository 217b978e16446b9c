// janus.eventhandler.sampleevh: events by HTTP POST (spec 8.4).
//
// Control thread; a thread of its own does the posting.
#pragma once
#include <memory>

#include "api/event_handler.hpp"

namespace limen {

std::unique_ptr<EventHandler> make_sample_handler();

}  // namespace limen
