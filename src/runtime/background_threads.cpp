#include "runtime/background_threads.hpp"

#include <pthread.h>

#include <exception>
#include <utility>

#include "base/log.hpp"

namespace limen::runtime {

void BackgroundThreads::start() {
  for (unsigned i = 0; i < count_; ++i) threads_.emplace_back([this] { serve(); });
}

void BackgroundThreads::stop() {
  std::deque<Job> dropped;
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
    dropped.swap(jobs_);
  }
  work_there_.notify_all();
  for (std::thread& thread : threads_) thread.join();
  threads_.clear();
}

void BackgroundThreads::run(Task work, Executor& back, Task done) {
  {
    std::lock_guard lock(mutex_);
    if (stopping_) return;
    jobs_.push_back({std::move(work), &back, std::move(done)});
  }
  work_there_.notify_one();
}

size_t BackgroundThreads::waiting() const {
  std::lock_guard lock(mutex_);
  return jobs_.size();
}

void BackgroundThreads::serve() {
  pthread_setname_np(pthread_self(), "background");
  for (;;) {
    Job job;
    {
      std::unique_lock lock(mutex_);
      work_there_.wait(lock, [this] { return stopping_ || !jobs_.empty(); });
      if (stopping_) return;
      job = std::move(jobs_.front());
      jobs_.pop_front();
    }
    try {
      job.work();
    } catch (const std::exception& error) {
      // A third-party library's: the work is taken as done, and whoever waits for it sees no result.
      log::error("", "Exception in background work: {}", error.what());
    }
    job.work = nullptr;
    if (job.done) job.back->post(std::move(job.done));
  }
}

}  // namespace limen::runtime
