// janus.transport.nanomsg: Janus API and admin API over Nanomsg pairs (spec 6.5).
//
// Control thread; each socket has a thread of its own.
#pragma once
#include <memory>

#include "api/transport.hpp"

namespace limen {

std::unique_ptr<Transport> make_nanomsg_transport();

}  // namespace limen
