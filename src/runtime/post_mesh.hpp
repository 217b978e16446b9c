// PostMesh: how closures get from any thread to the control thread (node 0) or a shard (1..N).
//
// Between two nodes: a TaskLane per ordered pair, 10-30 ns a post. From a thread that is no node
// (background pool, third-party loops): a locked inbox. To oneself: a local list. In each case one
// sender's closures run in order. The reader is woken only when it has said that it sleeps.
#pragma once
#include <atomic>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <vector>

#include "base/executor.hpp"
#include "runtime/task_lane.hpp"

namespace limen::runtime {

class PostMesh {
 public:
  using Node = uint32_t;
  static constexpr Node kNoNode = UINT32_MAX;

  explicit PostMesh(uint32_t nodes);
  ~PostMesh();

  // How to wake a sleeping node; any thread may call it. Set before threads start, or after they ended.
  void set_wake(Node node, std::function<void()> wake);
  // The calling thread is `node` from now on; whichever thread was it before is no longer.
  void enter(Node node);
  bool on(Node node) const;

  // Any thread.
  void post(Node to, Task task);

  // Below: the node's own thread.
  // Takes the next closure in a fair order over senders; false: nothing is there.
  bool take(Node node, Task& task);
  bool has_work(Node node) const;
  // Announces that the node is about to wait. False: work has come in, do not wait.
  bool prepare_sleep(Node node);
  void woke_up(Node node);
  // Destroys what nobody will run any more; when no other thread posts.
  void clear(Node node);

 private:
  struct Inbox {
    std::vector<std::unique_ptr<TaskLane>> lanes;  // by sender
    std::deque<Task> own;
    std::mutex mutex;          // guards foreign
    std::deque<Task> foreign;  // from threads that are no node
    std::atomic<size_t> foreign_count{0};
    std::deque<Task> foreign_taken;  // reader's
    uint32_t next_source = 0;        // whose turn it is
    std::function<void()> wake;
    std::atomic<const void*> owner{nullptr};  // names the node's thread
    alignas(64) std::atomic<bool> sleeping{false};
  };

  Node current() const;
  void wake_if_sleeping(Inbox& inbox);
  bool take_foreign(Inbox& inbox, Task& task);

  std::vector<std::unique_ptr<Inbox>> inboxes_;
};

}  // namespace limen::runtime
