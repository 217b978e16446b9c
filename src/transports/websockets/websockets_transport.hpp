// The Janus and Admin APIs over WebSockets, TCP, TLS or Unix sockets (spec 6.2).
//
// Control thread. Reads janus.transport.websockets.jcfg. A connection may own many sessions; when it
// closes they end or become claimable (ApiSink::client_gone).
#pragma once
#include <memory>

#include "api/transport.hpp"

namespace limen {

std::unique_ptr<Transport> make_websockets_transport();

}  // namespace limen
