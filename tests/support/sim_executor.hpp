// SimScheduler and SimExecutor: the server's threads as queues in one thread under a VirtualClock.
//
// Each SimExecutor stands for one thread. Closures that one executor posts to another run in order;
// between different senders, and between executors, the order is shuffled from the seed, so that a
// run explores interleavings and can be repeated. Time moves only when nothing is left to run.
//
//   SimScheduler world(clock, seed);
//   SimExecutor& control = world.add_executor("control");
//   SimExecutor& shard = world.add_executor("shard 0");
//   world.attach(network);
//   ASSERT_TRUE(world.run_until([&] { return done; }, 10s));
#pragma once
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/executor.hpp"
#include "base/time.hpp"
#include "tests/support/seeded_random.hpp"
#include "tests/support/sim_network.hpp"
#include "tests/support/virtual_clock.hpp"

namespace limen::test {

class SimScheduler;

class SimExecutor final : public Executor {
 public:
  void post(Task task) override;
  Instant now() const override;
  WallTime wall_time() const override;
  TimerId call_at(Instant when, Task task) override;
  void cancel(TimerId timer) override;

  const std::string& name() const { return name_; }
  size_t pending_timers() const { return timers_.size(); }

 private:
  friend class SimScheduler;
  SimExecutor(SimScheduler& scheduler, std::string name) : scheduler_(scheduler), name_(std::move(name)) {}
  bool runnable(Instant now) const;
  void run_one(SeededRandom& random);

  SimScheduler& scheduler_;
  std::string name_;
  std::map<const SimExecutor*, std::deque<Task>> queues_;  // by sender; null: from outside
  std::map<std::pair<Instant, uint64_t>, Task> timers_;
  std::map<uint64_t, Instant> timer_times_;
  uint64_t next_timer_ = 1;
};

// Work runs later, at a random moment within `max_delay` of virtual time, and `done` comes back as a
// post. Owned by the scheduler.
class SimBackgroundPool final : public BackgroundPool {
 public:
  void run(Task work, Executor& back, Task done) override;
  void set_max_delay(Duration delay) { max_delay_ = delay; }

 private:
  friend class SimScheduler;
  explicit SimBackgroundPool(SimScheduler& scheduler) : scheduler_(scheduler) {}
  SimScheduler& scheduler_;
  Duration max_delay_ = std::chrono::milliseconds(2);
};

class SimScheduler {
 public:
  SimScheduler(VirtualClock& clock, uint64_t seed);
  ~SimScheduler();

  SimExecutor& add_executor(std::string name);
  // Its deliveries happen outside any executor: receivers should post.
  void attach(SimNetwork& network) { network_ = &network; }
  BackgroundPool& background() { return *background_; }
  SimBackgroundPool& sim_background() { return *background_; }

  // Runs everything that is due now, moving no clock. Asserts on a livelock (a million closures).
  void run_ready();
  // Runs, moving the clock from event to event, until `done` or until `bound` has passed; returns
  // what `done` says at the end.
  bool run_until(const std::function<bool()>& done, Duration bound);
  void run_for(Duration duration);
  // Until no closure, timer or datagram is left (true), or until `bound` has passed (false).
  bool run_until_idle(Duration bound);

  VirtualClock& clock() { return clock_; }

 private:
  friend class SimExecutor;
  friend class SimBackgroundPool;
  Instant next_event() const;
  bool run_one();
  std::vector<const SimExecutor*> senders() const;  // null first, then in order of creation

  VirtualClock& clock_;
  SeededRandom random_;
  std::vector<std::unique_ptr<SimExecutor>> executors_;
  std::unique_ptr<SimBackgroundPool> background_;
  std::multimap<Instant, Task> background_work_;
  SimNetwork* network_ = nullptr;
  SimExecutor* current_ = nullptr;
};

}  // namespace limen::test
