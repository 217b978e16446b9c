#include "plugins/streaming/ingest/source_thread.hpp"

#include <poll.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>

#include "base/assert.hpp"

namespace limen::streaming {

WakeSignal::WakeSignal() : fd_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  LIMEN_ASSERT(fd_ >= 0);
}

WakeSignal::~WakeSignal() {
  close(fd_);
}

void WakeSignal::raise() {
  uint64_t one = 1;
  // Full means raised.
  [[maybe_unused]] ssize_t written = write(fd_, &one, sizeof one);
}

void WakeSignal::clear() {
  uint64_t count = 0;
  [[maybe_unused]] ssize_t taken = read(fd_, &count, sizeof count);
}

bool StopSignal::wait(Duration at_most) {
  pollfd entry{wake.fd(), POLLIN, 0};
  if (!stopped()) poll(&entry, 1, static_cast<int>(std::clamp<int64_t>(to_ms(at_most) + 1, 0, 3'600'000)));
  if (!stopped()) wake.clear();
  return stopped();
}

SourceThread::SourceThread(PluginContext& context, std::shared_ptr<StopSignal> signal, std::function<void()> body)
    : context_(context), signal_(std::move(signal)) {
  // Signals are the main thread's.
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  thread_ = std::jthread(std::move(body));
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

SourceThread::~SourceThread() {
  signal_->stop();
  context_.background().run([thread = std::move(thread_)]() mutable { thread.join(); }, context_.executor(), [] {});
}

Instant SourceThread::now() {
  return Instant(std::chrono::steady_clock::now().time_since_epoch());
}

}  // namespace limen::streaming
