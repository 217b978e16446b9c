// ControlLoop: the control thread's executor, on a boost::asio::io_context that transports share.
//
// Asio stays out of this header: transports include runtime/io_context_of.hpp. run() is called by
// the thread that is to be the control thread; post() and stop() by any.
#pragma once
#include <functional>
#include <memory>
#include <span>

#include "base/executor.hpp"
#include "base/histogram.hpp"
#include "runtime/post_mesh.hpp"
#include "runtime/watchdog.hpp"

namespace limen::runtime {

struct ControlStats {
  DurationHistogram busy;  // one closure or timer; what transports do with their sockets is not in here
  DurationHistogram late;  // how much after their time timers ran
  Duration cpu{0};         // of the thread
};

class ControlLoop final : public Executor {
 public:
  // Node 0 of `mesh`; both outlive the loop.
  ControlLoop(PostMesh& mesh, Watchdog& watchdog);
  ~ControlLoop() override;

  // Until stop(). Before run(), the creating thread counts as the control thread.
  void run();
  void stop();
  // Runs everything that is ready, and returns: for shutting down in steps, and tests.
  void run_ready();
  // `handler` runs on the control thread for each of these signals (SIGINT, SIGTERM, SIGHUP ...).
  void on_signals(std::span<const int> signals, std::function<void(int)> handler);

  void post(Task task) override;
  Instant now() const override;
  WallTime wall_time() const override;
  TimerId call_at(Instant when, Task task) override;
  void cancel(TimerId timer) override;

  // On the control thread.
  ControlStats stats() const;

  // A boost::asio::io_context&, as transports get it (TransportContext::io_context).
  void* io_context();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace limen::runtime
