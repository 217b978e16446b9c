#include "runtime/post_mesh.hpp"

#include <utility>

namespace limen::runtime {

namespace {

struct Position {
  const PostMesh* mesh = nullptr;
  PostMesh::Node node = PostMesh::kNoNode;
};
thread_local Position position;

// Different in each thread.
const void* thread_name() {
  return &position;
}

}  // namespace

PostMesh::PostMesh(uint32_t nodes) {
  for (uint32_t i = 0; i < nodes; ++i) {
    auto inbox = std::make_unique<Inbox>();
    for (uint32_t from = 0; from < nodes; ++from) {
      inbox->lanes.push_back(from == i ? nullptr : std::make_unique<TaskLane>());
    }
    inboxes_.push_back(std::move(inbox));
  }
}

PostMesh::~PostMesh() {
  for (Node node = 0; node < inboxes_.size(); ++node) clear(node);
}

void PostMesh::set_wake(Node node, std::function<void()> wake) {
  inboxes_[node]->wake = std::move(wake);
}

void PostMesh::enter(Node node) {
  inboxes_[node]->owner.store(thread_name(), std::memory_order_relaxed);
  position = {this, node};
}

PostMesh::Node PostMesh::current() const {
  if (position.mesh != this || position.node >= inboxes_.size()) return kNoNode;
  bool still = inboxes_[position.node]->owner.load(std::memory_order_relaxed) == thread_name();
  return still ? position.node : kNoNode;
}

bool PostMesh::on(Node node) const {
  return current() == node;
}

void PostMesh::post(Node to, Task task) {
  Inbox& inbox = *inboxes_[to];
  Node from = current();
  if (from == to) {
    inbox.own.push_back(std::move(task));
    return;
  }
  if (from != kNoNode) {
    inbox.lanes[from]->push(std::move(task));
  } else {
    std::lock_guard lock(inbox.mutex);
    inbox.foreign.push_back(std::move(task));
    inbox.foreign_count.store(inbox.foreign.size(), std::memory_order_release);
  }
  wake_if_sleeping(inbox);
}

// Pairs with prepare_sleep(): either the reader sees the closure, or this sees that it sleeps.
void PostMesh::wake_if_sleeping(Inbox& inbox) {
  std::atomic_thread_fence(std::memory_order_seq_cst);
  if (!inbox.sleeping.load(std::memory_order_relaxed)) return;
  if (inbox.sleeping.exchange(false, std::memory_order_acq_rel) && inbox.wake) inbox.wake();
}

bool PostMesh::take(Node node, Task& task) {
  Inbox& inbox = *inboxes_[node];
  auto sources = static_cast<uint32_t>(inbox.lanes.size());
  // One closure per sender in turn, so that a busy one does not starve the others. The node's own
  // place in the row stands for its own list and the foreign threads.
  for (uint32_t i = 0; i < sources; ++i) {
    uint32_t source = inbox.next_source;
    inbox.next_source = source + 1 == sources ? 0 : source + 1;
    if (inbox.lanes[source] != nullptr) {
      if (inbox.lanes[source]->pop(task)) return true;
      continue;
    }
    if (!inbox.own.empty()) {
      task = std::move(inbox.own.front());
      inbox.own.pop_front();
      return true;
    }
    if (take_foreign(inbox, task)) return true;
  }
  return false;
}

bool PostMesh::take_foreign(Inbox& inbox, Task& task) {
  if (inbox.foreign_taken.empty()) {
    if (inbox.foreign_count.load(std::memory_order_acquire) == 0) return false;
    std::lock_guard lock(inbox.mutex);
    inbox.foreign_taken.swap(inbox.foreign);
    inbox.foreign_count.store(0, std::memory_order_relaxed);
  }
  if (inbox.foreign_taken.empty()) return false;
  task = std::move(inbox.foreign_taken.front());
  inbox.foreign_taken.pop_front();
  return true;
}

bool PostMesh::has_work(Node node) const {
  const Inbox& inbox = *inboxes_[node];
  if (!inbox.own.empty() || !inbox.foreign_taken.empty()) return true;
  if (inbox.foreign_count.load(std::memory_order_acquire) != 0) return true;
  for (const auto& lane : inbox.lanes) {
    if (lane != nullptr && !lane->empty()) return true;
  }
  return false;
}

bool PostMesh::prepare_sleep(Node node) {
  Inbox& inbox = *inboxes_[node];
  inbox.sleeping.store(true, std::memory_order_relaxed);
  std::atomic_thread_fence(std::memory_order_seq_cst);
  if (!has_work(node)) return true;
  inbox.sleeping.store(false, std::memory_order_relaxed);
  return false;
}

void PostMesh::woke_up(Node node) {
  inboxes_[node]->sleeping.store(false, std::memory_order_relaxed);
}

void PostMesh::clear(Node node) {
  Task task;
  // What a closure's destructor posts to this node goes too.
  while (take(node, task)) task = nullptr;
}

}  // namespace limen::runtime
