// janus.eventhandler.nanomsgevh: events published on a Nanomsg socket (spec 8.4).
//
// Control thread; the socket has a thread of its own.
#pragma once
#include <memory>

#include "api/event_handler.hpp"

namespace limen {

std::unique_ptr<EventHandler> make_nanomsg_handler();

}  // namespace limen
