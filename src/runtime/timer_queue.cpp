#include "runtime/timer_queue.hpp"

#include <utility>

namespace limen::runtime {

TimerId TimerQueue::add(Instant when, Task task) {
  uint32_t slot;
  if (free_.empty()) {
    slot = static_cast<uint32_t>(slots_.size());
    slots_.emplace_back();
  } else {
    slot = free_.back();
    free_.pop_back();
  }
  uint64_t id = ++next_id_;
  slots_[slot] = {id, std::move(task)};
  by_id_.emplace(id, slot);
  heap_.set(slot, when);
  return TimerId(id);
}

void TimerQueue::cancel(TimerId timer) {
  auto it = by_id_.find(timer.value());
  if (it != by_id_.end()) release(it->second);
}

bool TimerQueue::pop_due(Instant now, Task& task) {
  if (heap_.next() > now || heap_.empty()) return false;
  task = release(heap_.front());
  return true;
}

Task TimerQueue::release(uint32_t slot) {
  heap_.remove(slot);
  by_id_.erase(slots_[slot].id);
  free_.push_back(slot);
  return std::exchange(slots_[slot].task, nullptr);
}

void TimerQueue::clear() {
  // Destroying a task may add or cancel timers.
  while (!by_id_.empty()) release(by_id_.begin()->second);
}

}  // namespace limen::runtime
