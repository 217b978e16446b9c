#include "runtime/control_loop.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <utility>

#include "base/log.hpp"
#include "runtime/clock.hpp"
#include "runtime/timer_queue.hpp"

namespace limen::runtime {

namespace {
constexpr PostMesh::Node kControl = 0;
// Then Asio's own events (sockets, timers) get their turn.
constexpr int kPostsPerTurn = 256;
}  // namespace

struct ControlLoop::State {
  State(PostMesh& m, Watchdog& w) : mesh(m), watchdog(w), alarm(io), signals(io) {}

  PostMesh& mesh;
  Watchdog& watchdog;
  boost::asio::io_context io{1};
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work{io.get_executor()};
  boost::asio::steady_timer alarm;
  boost::asio::signal_set signals;
  std::function<void(int)> on_signal;
  TimerQueue timers;
  Instant armed = kNever;
  ControlStats stats;
  bool draining = false;  // or about to: the thread's own posts need no further wake-up

  void drain();
  void drain_later();
  void run_timers();
  void arm();
  void wait_for_signal();
  void run_one(Task& task, const char* what);
};

ControlLoop::ControlLoop(PostMesh& mesh, Watchdog& watchdog) : state_(std::make_unique<State>(mesh, watchdog)) {
  mesh.enter(kControl);
  mesh.set_wake(kControl, [state = state_.get()] { state->drain_later(); });
  // The loop counts as sleeping whenever no drain is on its way.
  if (!mesh.prepare_sleep(kControl)) state_->drain_later();
}

ControlLoop::~ControlLoop() {
  state_->mesh.set_wake(kControl, nullptr);
  state_->timers.clear();
  state_->mesh.clear(kControl);
}

void ControlLoop::State::drain_later() {
  boost::asio::post(io, [this] { drain(); });
}

void ControlLoop::State::run_one(Task& task, const char* what) {
  WatchScope::last_name = nullptr;
  Instant start = monotonic_now();
  task();
  task = nullptr;
  Instant end = monotonic_now();
  watchdog.check(end - start, "control", what, end);
  stats.busy.add(end - start);
}

void ControlLoop::State::drain() {
  mesh.woke_up(kControl);
  draining = true;
  Task task;
  for (int i = 0; i < kPostsPerTurn; ++i) {
    if (mesh.take(kControl, task)) {
      run_one(task, "a posted closure");
      continue;
    }
    if (mesh.prepare_sleep(kControl)) {
      draining = false;
      return;
    }
  }
  drain_later();
}

// An alarm that rings too early does no harm, so it is set anew only for something earlier.
void ControlLoop::State::arm() {
  Instant next = timers.next();
  if (next >= armed) return;
  armed = next;
  alarm.expires_after(std::max(next - monotonic_now(), Duration::zero()));
  alarm.async_wait([this](const boost::system::error_code& error) {
    if (error) return;  // armed again or cancelled
    armed = kNever;
    run_timers();
  });
}

void ControlLoop::State::run_timers() {
  Instant now = monotonic_now();
  if (timers.next() <= now) stats.late.add(now - timers.next());
  Task task;
  // A timer that re-arms itself for "at once" has to wait for the next round.
  for (size_t left = timers.size(); left > 0 && timers.pop_due(now, task); --left) run_one(task, "a timer");
  arm();
}

void ControlLoop::State::wait_for_signal() {
  signals.async_wait([this](const boost::system::error_code& error, int signal) {
    if (error) return;
    on_signal(signal);
    wait_for_signal();
  });
}

void ControlLoop::run() {
  state_->mesh.enter(kControl);
  for (;;) {
    try {
      state_->io.run();
      break;
    } catch (const std::exception& error) {
      // From a third-party callback: that one is lost, the server is not.
      log::error("", "Exception on the control loop: {}", error.what());
    }
  }
  state_->io.restart();
}

void ControlLoop::stop() {
  state_->io.stop();
}

void ControlLoop::run_ready() {
  state_->mesh.enter(kControl);
  state_->io.poll();
}

void ControlLoop::on_signals(std::span<const int> signals, std::function<void(int)> handler) {
  state_->signals.cancel();
  state_->signals.clear();
  for (int signal : signals) {
    boost::system::error_code error;
    state_->signals.add(signal, error);
    if (error) log::error("", "Cannot catch signal {}: {}", signal, error.message());
  }
  state_->on_signal = std::move(handler);
  state_->wait_for_signal();
}

void ControlLoop::post(Task task) {
  state_->mesh.post(kControl, std::move(task));
  // The mesh wakes sleepers for other threads only; Asio may be about to wait.
  if (!state_->mesh.on(kControl) || state_->draining) return;
  state_->draining = true;
  state_->drain_later();
}

Instant ControlLoop::now() const {
  return monotonic_now();
}

WallTime ControlLoop::wall_time() const {
  return wall_now();
}

TimerId ControlLoop::call_at(Instant when, Task task) {
  TimerId timer = state_->timers.add(when, std::move(task));
  state_->arm();
  return timer;
}

void ControlLoop::cancel(TimerId timer) {
  state_->timers.cancel(timer);
  state_->arm();
}

ControlStats ControlLoop::stats() const {
  ControlStats stats = state_->stats;
  stats.cpu = thread_cpu_time();
  return stats;
}

void* ControlLoop::io_context() {
  return &state_->io;
}

}  // namespace limen::runtime
