// janus.transport.pfunix: Janus API and admin API over Unix sockets (spec 6.6).
//
// Control thread.
#pragma once
#include <memory>

#include "api/transport.hpp"

namespace limen {

std::unique_ptr<Transport> make_unix_socket_transport();

}  // namespace limen
