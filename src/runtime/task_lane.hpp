// TaskLane: closures from exactly one thread to exactly one other; lossless, in order, without a lock.
//
// A chain of SpscRings: when the current one is full, the sender goes on in a bigger one, so a burst
// costs memory and never blocks or drops; the reader frees what it has left behind.
#pragma once
#include <atomic>
#include <cstddef>
#include <memory>

#include "base/executor.hpp"
#include "base/spsc_ring.hpp"

namespace limen::runtime {

class TaskLane {
 public:
  static constexpr size_t kFirstRing = 64;
  static constexpr size_t kLargestRing = 8192;

  TaskLane();
  ~TaskLane();
  TaskLane(const TaskLane&) = delete;
  TaskLane& operator=(const TaskLane&) = delete;

  // Sender's thread.
  void push(Task task);
  size_t rings_made() const { return rings_made_; }

  // Reader's thread. False when empty.
  bool pop(Task& task);
  bool empty() const;

 private:
  struct Link {
    explicit Link(size_t size) : capacity(size), ring(size) {}
    const size_t capacity;
    SpscRing<Task> ring;
    std::atomic<Link*> next{nullptr};
  };

  alignas(64) Link* write_;  // sender's
  size_t rings_made_ = 1;
  alignas(64) Link* read_;  // reader's; owns the chain from here on
};

}  // namespace limen::runtime
