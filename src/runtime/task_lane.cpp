#include "runtime/task_lane.hpp"

#include <algorithm>
#include <utility>

namespace limen::runtime {

TaskLane::TaskLane() : write_(new Link(kFirstRing)), read_(write_) {}

TaskLane::~TaskLane() {
  while (read_ != nullptr) delete std::exchange(read_, read_->next.load(std::memory_order_acquire));
}

void TaskLane::push(Task task) {
  if (write_->ring.push(task)) return;
  auto* bigger = new Link(std::min(write_->capacity * 2, kLargestRing));
  ++rings_made_;
  bigger->ring.push(task);
  // Nothing is pushed into the old ring after this, so the reader may leave it once it is empty.
  write_->next.store(bigger, std::memory_order_release);
  write_ = bigger;
}

bool TaskLane::pop(Task& task) {
  for (;;) {
    if (read_->ring.pop(task)) return true;
    Link* next = read_->next.load(std::memory_order_acquire);
    if (next == nullptr) return false;
    // What was pushed before the link appeared is visible only now.
    if (read_->ring.pop(task)) return true;
    delete std::exchange(read_, next);
  }
}

bool TaskLane::empty() const {
  return read_->ring.empty() && read_->next.load(std::memory_order_acquire) == nullptr;
}

}  // namespace limen::runtime
