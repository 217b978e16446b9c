// Opening forwarders: hosts are looked up in the background, sockets opened on the publisher's shard; what
// comes of it is told on the control thread.
//
// Control thread. Nothing here keeps a publisher: it may go in the meantime, and is found again by its id.
#pragma once
#include <functional>
#include <vector>

#include "plugins/videoroom/forward_plan.hpp"
#include "plugins/videoroom/rooms.hpp"

namespace limen::videoroom {

// At once if all of them are addresses already; those that cannot be found stay without one.
using HostsKnown = std::move_only_function<void(std::vector<HostLookup>)>;
void look_up_hosts(Rooms& rooms, std::vector<HostLookup> hosts, HostsKnown done);

// `done` gets those that could be opened, once; none if the publisher has gone.
void open_forwards(Rooms& rooms, Publisher& publisher, std::vector<PlannedForward> planned, Rooms::ForwardsOpened done);

// Sends streams to other servers that they do not get yet; `done` gets how many were wanted and opened.
using Extended = std::move_only_function<void(size_t wanted, size_t opened)>;
void extend_remotization(Rooms& rooms, Publisher& publisher, const Remotization& remotization, Extended done);

}  // namespace limen::videoroom
