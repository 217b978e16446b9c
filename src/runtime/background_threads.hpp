// BackgroundThreads: a few threads for work that blocks; first come, first served.
//
// run() from any thread. Destruction finishes what has begun and drops the rest.
#pragma once
#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>
#include <vector>

#include "base/executor.hpp"

namespace limen::runtime {

class BackgroundThreads final : public BackgroundPool {
 public:
  explicit BackgroundThreads(unsigned count) : count_(count == 0 ? 1 : count) {}
  ~BackgroundThreads() override { stop(); }

  void start();
  void stop();
  // `done` may be empty. After stop() nothing runs.
  void run(Task work, Executor& back, Task done) override;
  size_t waiting() const;  // nobody works on them yet

 private:
  struct Job {
    Task work;
    Executor* back = nullptr;
    Task done;
  };
  void serve();

  unsigned count_;
  mutable std::mutex mutex_;
  std::condition_variable work_there_;
  std::deque<Job> jobs_;
  bool stopping_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace limen::runtime
