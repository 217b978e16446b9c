// TimerQueue: an executor's call_at() and cancel(), with one deadline for its loop.
//
// One thread. Ids are never reused; cancelling a timer that has run is harmless.
#pragma once
#include <cstdint>
#include <unordered_map>
#include <vector>

#include "base/executor.hpp"
#include "runtime/deadline_heap.hpp"

namespace limen::runtime {

class TimerQueue {
 public:
  // kNever: waits until it is cancelled.
  TimerId add(Instant when, Task task);
  void cancel(TimerId timer);
  Instant next() const { return heap_.next(); }
  // Takes the next task that is due at `now`; false if there is none.
  bool pop_due(Instant now, Task& task);
  size_t size() const { return by_id_.size(); }
  // Destroys what waits, running nothing.
  void clear();

 private:
  struct Slot {
    uint64_t id = 0;
    Task task;
  };
  Task release(uint32_t slot);

  DeadlineHeap heap_;
  std::vector<Slot> slots_;
  std::vector<uint32_t> free_;
  std::unordered_map<uint64_t, uint32_t> by_id_;
  uint64_t next_id_ = 0;
};

}  // namespace limen::runtime
