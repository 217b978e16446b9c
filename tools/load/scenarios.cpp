#include "tools/load/scenarios.hpp"

#include "runtime/clock.hpp"
#include "tools/load/measuring.hpp"

namespace limen::load {

namespace asio = boost::asio;

namespace {

constexpr Duration kConnectLimit = std::chrono::seconds(20);
constexpr Duration kFirstMediaLimit = std::chrono::seconds(5);

// What one run collects; outlives its coroutines.
struct Run {
  explicit Run(LoadContext c) : context(c), display(c.options) {}
  LoadContext context;
  LiveDisplay display;
  Report report;
  std::vector<Call> calls;
  uint32_t ready = 0;

  void failed(const Error& error) { report.failures[error.text] += 1; }
  void take(const Call& call) {
    calls.push_back(call);
    display.show(fmt::format("setting up {} of {}", calls.size(), report.wanted));
  }
};

// Waits until the peer is connected, else says why not.
asio::awaitable<bool> await_connected(Run& run, uint32_t peer) {
  const PeerProgress& progress = run.context.engine.progress(peer);
  co_await wait_for(run.context, kConnectLimit, [&progress] { return progress.connected || !progress.closed.empty(); });
  if (progress.connected) co_return true;
  run.failed({progress.closed.empty() ? "not connected in time" : progress.closed});
  co_return false;
}

asio::awaitable<void> set_up(Run& run, Async<Call> making) {
  auto call = co_await std::move(making);
  if (!call) {
    run.failed(call.error());
    co_return;
  }
  run.take(*call);
  co_await await_connected(run, call->peer);
}

// Of those who came to watch; publishers in a room have nothing to receive.
void collect_times(Run& run) {
  for (const Call& call : run.calls) {
    if (call.feed != 0) continue;
    const PeerProgress& progress = run.context.engine.progress(call.peer);
    run.report.answered.push_back(call.answered - call.began);
    if (progress.connected) run.report.connected.push_back(*progress.connected - call.began);
    if (progress.first_media) run.report.first_media.push_back(*progress.first_media - call.began);
  }
}

asio::awaitable<void> hang_up(Run& run) {
  run.display.show("ending");
  LoadContext context = run.context;
  co_await run_all(context, static_cast<uint32_t>(run.calls.size()), context.options.concurrency,
                   [&run](uint32_t at) -> asio::awaitable<void> {
                     auto gone = co_await run.context.janus.destroy_session(run.calls[at].session);
                     if (!gone) run.failed(gone.error());
                     run.context.engine.remove_peer(run.calls[at].peer);
                   });
}

asio::awaitable<void> run_echo(Run& run, bool send) {
  LoadContext context = run.context;
  Instant began = runtime::monotonic_now();
  run.report.wanted = context.options.peers;
  run.report.receivers = send ? run.report.wanted : 0;
  co_await run_all(context, run.report.wanted, context.options.concurrency,
                   [&run, send](uint32_t peer) { return set_up(run, call_echo(run.context, peer, send)); });
  run.report.set_up = runtime::monotonic_now() - began;
  co_await measure(context, run.report, run.display);
  collect_times(run);
  co_await hang_up(run);
}

asio::awaitable<void> run_join(Run& run) {
  LoadContext context = run.context;
  Instant began = runtime::monotonic_now();
  run.report.wanted = run.report.receivers = context.options.peers;
  run.report.steady = false;
  Stopwatch stopwatch(context.options);
  for (uint32_t peer = 0; peer < context.options.peers; ++peer) {
    co_await set_up(run, call_echo(context, peer, true));
    const PeerProgress& progress = context.engine.progress(peer);
    bool came = co_await wait_for(context, kFirstMediaLimit, [&progress] { return progress.first_media.has_value(); });
    if (!came) run.failed({"no media in time"});
    run.report.totals = co_await context.engine.totals();
    // One at a time: the peers before it are silent again.
    if (peer + 1 < context.options.peers) context.engine.remove_peer(peer);
  }
  run.report.set_up = runtime::monotonic_now() - began;
  stopwatch.stop(run.report);
  run.report.totals.connected = static_cast<uint32_t>(run.calls.size());
  collect_times(run);
  run.report.totals.with_media = static_cast<uint32_t>(run.report.first_media.size());
  co_await hang_up(run);
}

asio::awaitable<void> signalling_client(Run& run, Instant end) {
  while (runtime::monotonic_now() < end) {
    Instant began = runtime::monotonic_now();
    auto session = co_await run.context.janus.create_session();
    if (!session) co_return run.failed(session.error());
    auto handle = co_await run.context.janus.attach(*session, "janus.plugin.echotest");
    if (!handle) co_return run.failed(handle.error());
    auto gone = co_await run.context.janus.destroy_session(*session);
    if (!gone) co_return run.failed(gone.error());
    ++run.report.rounds;
    run.report.round_times.push_back(runtime::monotonic_now() - began);
  }
}

asio::awaitable<void> run_signalling(Run& run) {
  LoadContext context = run.context;
  Instant end = runtime::monotonic_now() +
                std::chrono::duration_cast<Duration>(std::chrono::duration<double>(context.options.duration));
  Stopwatch stopwatch(context.options);
  run.display.show("signalling");
  co_await run_all(context, context.options.concurrency, context.options.concurrency,
                   [&run, end](uint32_t) { return signalling_client(run, end); });
  stopwatch.stop(run.report);
}

struct Room {
  uint64_t id = 0;
  Call owner;
  std::vector<uint64_t> feeds;  // by publisher; 0: it failed
};

asio::awaitable<void> set_up_publisher(Run& run, Room& room, uint32_t peer, size_t at) {
  auto call = co_await publish(run.context, peer, room.id);
  if (!call) {
    run.failed(call.error());
    co_return;
  }
  run.take(*call);
  if (co_await await_connected(run, peer)) room.feeds[at] = call->feed;
}

std::vector<uint64_t> feeds_for(const Room& room, size_t but) {
  std::vector<uint64_t> feeds;
  for (size_t i = 0; i < room.feeds.size(); ++i) {
    if (i != but && room.feeds[i] != 0) feeds.push_back(room.feeds[i]);
  }
  return feeds;
}

asio::awaitable<bool> open_rooms(Run& run, std::vector<Room>& rooms) {
  for (Room& room : rooms) {
    room.id = run.context.engine.random().below(uint64_t{1} << 40) + 1'000'000;
    auto owner = co_await create_room(run.context, room.id);
    if (!owner) {
      run.failed(owner.error());
      co_return false;
    }
    room.owner = *owner;
  }
  co_return true;
}

asio::awaitable<void> close_rooms(Run& run, const std::vector<Room>& rooms) {
  for (const Room& room : rooms) {
    if (room.owner.session == 0) continue;
    auto gone = co_await destroy_room(run.context, room.owner, room.id);
    if (!gone) run.failed(gone.error());
  }
}

asio::awaitable<void> run_videoroom(Run& run) {
  LoadContext context = run.context;
  const Options& options = context.options;
  uint32_t room_count = options.meeting ? 1 : options.publishers;
  uint32_t publishers = options.meeting ? options.peers : options.publishers;
  uint32_t subscribers = options.meeting ? (options.peers > 1 ? options.peers : 0) : options.publishers * options.peers;
  run.report.wanted = publishers + subscribers;
  run.report.receivers = subscribers;
  std::vector<Room> rooms(room_count);
  for (Room& room : rooms) room.feeds.resize(options.meeting ? publishers : 1);
  Instant began = runtime::monotonic_now();
  if (co_await open_rooms(run, rooms)) {
    co_await run_all(context, publishers, options.concurrency, [&](uint32_t at) {
      return options.meeting ? set_up_publisher(run, rooms[0], at, at) : set_up_publisher(run, rooms[at], at, 0);
    });
    co_await run_all(context, subscribers, options.concurrency, [&](uint32_t at) {
      const Room& room = rooms[options.meeting ? 0 : at / options.peers];
      size_t but = options.meeting ? at : room.feeds.size();
      return set_up(run, subscribe(context, publishers + at, room.id, feeds_for(room, but)));
    });
    run.report.set_up = runtime::monotonic_now() - began;
    co_await measure(context, run.report, run.display);
    collect_times(run);
  }
  co_await hang_up(run);
  co_await close_rooms(run, rooms);
}

asio::awaitable<void> set_up_mountpoint(Run& run, std::vector<Call>& mountpoints, uint32_t peer) {
  uint64_t id = run.context.engine.random().below(uint64_t{1} << 40) + 1'000'000;
  auto call = co_await feed_mountpoint(run.context, peer, id);
  if (!call) {
    run.failed(call.error());
    co_return;
  }
  run.take(*call);
  mountpoints[peer] = *call;
}

// One mountpoint for each publisher, with its viewers.
asio::awaitable<void> run_streaming(Run& run) {
  LoadContext context = run.context;
  const Options& options = context.options;
  uint32_t viewers = options.publishers * options.peers;
  run.report.wanted = run.report.receivers = viewers;
  std::vector<Call> mountpoints(options.publishers);
  Instant began = runtime::monotonic_now();
  co_await run_all(context, options.publishers, options.concurrency,
                   [&](uint32_t at) { return set_up_mountpoint(run, mountpoints, at); });
  co_await run_all(context, viewers, options.concurrency, [&](uint32_t at) -> asio::awaitable<void> {
    const Call& mountpoint = mountpoints[at / options.peers];
    if (mountpoint.feed == 0) co_return;
    co_await set_up(run, watch_mountpoint(context, options.publishers + at, mountpoint.feed));
  });
  run.report.set_up = runtime::monotonic_now() - began;
  co_await measure(context, run.report, run.display);
  collect_times(run);
  for (const Call& mountpoint : mountpoints) {
    if (mountpoint.feed == 0) continue;
    auto gone = co_await destroy_mountpoint(context, mountpoint);
    if (!gone) run.failed(gone.error());
  }
  co_await hang_up(run);
}

}  // namespace

uint32_t sockets_needed(const Options& options) {
  if (options.scenario == "signalling") return 1;
  if (options.scenario == "streaming") return options.publishers * (1 + options.peers);
  if (options.scenario != "videoroom") return options.peers;
  return options.meeting ? 2 * options.peers : options.publishers * (1 + options.peers);
}

uint32_t sources_of(const Options& options) {
  bool apart = options.scenario == "streaming" || (options.scenario == "videoroom" && !options.meeting);
  return apart ? options.publishers : 0;
}

Async<Report> run_scenario(LoadContext context) {
  Run run(context);
  std::optional<ProcessFigures> before;
  if (context.options.server_pid != 0) {
    before = process_figures(context.options.server_pid);
    if (!before) co_return fail("There is no process {} (--server-pid)", context.options.server_pid);
    run.report.server.emplace();
    run.report.server->resident_before = before->resident;
  }
  const std::string& scenario = context.options.scenario;
  if (scenario == "echo") co_await run_echo(run, true);
  else if (scenario == "idle") co_await run_echo(run, false);
  else if (scenario == "join") co_await run_join(run);
  else if (scenario == "signalling") co_await run_signalling(run);
  else if (scenario == "streaming") co_await run_streaming(run);
  else co_await run_videoroom(run);
  bool nothing = scenario == "signalling" ? run.report.rounds == 0 : run.report.totals.connected == 0;
  if (nothing && !run.report.failures.empty()) co_return fail("{}", run.report.failures.begin()->first);
  co_return std::move(run.report);
}

}  // namespace limen::load
