// Setting up one peer connection through the Janus API: EchoTest, VideoRoom publisher and subscriber, viewer of
// a mountpoint.
//
// Coroutines on the control thread; what they refer to outlives them.
#pragma once
#include <boost/asio/awaitable.hpp>
#include <functional>
#include <vector>

#include "tools/load/engine.hpp"
#include "tools/load/janus_client.hpp"
#include "tools/load/options.hpp"

namespace limen::load {

struct LoadContext {
  const Options& options;
  Engine& engine;
  JanusClient& janus;
};

struct Call {
  uint32_t peer = 0;
  uint64_t session = 0, handle = 0;
  uint64_t feed = 0;   // of a publisher
  Instant began{};     // the first request
  Instant answered{};  // the descriptions are exchanged
};

Async<Call> call_echo(LoadContext context, uint32_t peer, bool send);
Async<Call> publish(LoadContext context, uint32_t peer, uint64_t room);
// `feeds` must be active or about to be: an unknown one is asked for again for a while.
Async<Call> subscribe(LoadContext context, uint32_t peer, uint64_t room, std::vector<uint64_t> feeds);
// The room is the caller's, on a session of its own that must stay alive.
Async<Call> create_room(LoadContext context, uint64_t room);
Async<> destroy_room(LoadContext context, Call owner, uint64_t room);

// A mountpoint with a source that sends to it from the peer's socket; `feed` of the call is its id.
Async<Call> feed_mountpoint(LoadContext context, uint32_t peer, uint64_t mountpoint);
Async<> destroy_mountpoint(LoadContext context, Call owner);
Async<Call> watch_mountpoint(LoadContext context, uint32_t peer, uint64_t mountpoint);

// Whether this receiver is one of the share that decrypts.
bool inspects(const Options& options, uint32_t peer);

boost::asio::awaitable<void> pause(LoadContext context, Duration time);
// False: the time is over.
boost::asio::awaitable<bool> wait_for(LoadContext context, Duration limit, std::function<bool()> condition);
// work(0) .. work(count - 1), some at a time.
boost::asio::awaitable<void> run_all(LoadContext context, uint32_t count, uint32_t at_a_time,
                                     std::function<boost::asio::awaitable<void>(uint32_t)> work);

}  // namespace limen::load
