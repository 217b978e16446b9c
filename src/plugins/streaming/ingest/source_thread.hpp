// SourceThread: the thread of one source that pulls media: it may block on the network without anybody waiting for it.
// Its clock starts where it likes: only differences are of use.
//
// The source on the control thread makes it and ends it; the body sees a StopSignal. Ending returns at once: a
// background job waits for the thread, or (when the server ends) whoever drops that job.
#pragma once
#include <atomic>
#include <functional>
#include <memory>
#include <thread>

#include "api/plugin.hpp"
#include "base/time.hpp"

namespace limen::streaming {

// Wakes a poll(). Any thread.
class WakeSignal {
 public:
  WakeSignal();
  ~WakeSignal();
  WakeSignal(const WakeSignal&) = delete;
  WakeSignal& operator=(const WakeSignal&) = delete;
  void raise();
  void clear();
  int fd() const { return fd_; }

 private:
  int fd_;
};

class StopSignal {
 public:
  bool stopped() const { return stopped_.load(std::memory_order_acquire); }
  void stop() {
    stopped_.store(true, std::memory_order_release);
    wake.raise();
  }
  // Until stopped (true), woken or late.
  bool wait(Duration at_most);

  WakeSignal wake;

 private:
  std::atomic<bool> stopped_{false};
};

class SourceThread {
 public:
  // `context` outlives the object (not the thread). `body` owns what it uses.
  SourceThread(PluginContext& context, std::shared_ptr<StopSignal> signal, std::function<void()> body);
  ~SourceThread();
  SourceThread(const SourceThread&) = delete;
  SourceThread& operator=(const SourceThread&) = delete;

  // Of the calling thread's now.
  static Instant now();

 private:
  PluginContext& context_;
  std::shared_ptr<StopSignal> signal_;
  std::jthread thread_;
};

}  // namespace limen::streaming
