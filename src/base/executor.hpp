// One thread's queue: where closures are posted and timers are kept.
//
// The control thread and each shard are an Executor. Production implements it in runtime/, the
// simulator runs all of them in one thread under a virtual clock (tests/support), so nothing that
// takes an Executor can tell the difference. Closures posted by one thread run in order.
#pragma once
#include <cstdint>
#include <functional>

#include "base/strong_id.hpp"
#include "base/time.hpp"

namespace limen {

using Task = std::move_only_function<void()>;
using TimerId = StrongId<struct TimerTag>;

class Executor {
 public:
  virtual ~Executor() = default;
  // Any thread. Runs later, on this executor's thread; dropped only when the executor ends.
  virtual void post(Task task) = 0;
  // Own thread only, as everything below.
  virtual Instant now() const = 0;
  virtual WallTime wall_time() const = 0;
  virtual TimerId call_at(Instant when, Task task) = 0;
  virtual void cancel(TimerId timer) = 0;

  TimerId call_after(Duration delay, Task task) { return call_at(now() + delay, std::move(task)); }
};

// For work that blocks (files, DNS, outbound HTTP). `work` runs on some background thread, then
// `done` is posted to `back`.
class BackgroundPool {
 public:
  virtual ~BackgroundPool() = default;
  virtual void run(Task work, Executor& back, Task done) = 0;
};

}  // namespace limen
