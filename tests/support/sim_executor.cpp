#include "tests/support/sim_executor.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <cstdlib>
#include <utility>

namespace limen::test {
namespace {

constexpr size_t kLivelock = 1'000'000;

}  // namespace

void SimExecutor::post(Task task) {
  queues_[scheduler_.current_].push_back(std::move(task));
}

Instant SimExecutor::now() const {
  return scheduler_.clock_.now();
}
WallTime SimExecutor::wall_time() const {
  return scheduler_.clock_.wall_time();
}

TimerId SimExecutor::call_at(Instant when, Task task) {
  uint64_t id = next_timer_++;
  timers_.emplace(std::pair(when, id), std::move(task));
  timer_times_.emplace(id, when);
  return TimerId(id);
}

void SimExecutor::cancel(TimerId timer) {
  auto it = timer_times_.find(timer.value());
  if (it == timer_times_.end()) return;
  timers_.erase({it->second, timer.value()});
  timer_times_.erase(it);
}

bool SimExecutor::runnable(Instant now) const {
  if (!timers_.empty() && timers_.begin()->first.first <= now) return true;
  return std::any_of(queues_.begin(), queues_.end(), [](const auto& entry) { return !entry.second.empty(); });
}

// A due timer or the head of one sender's queue, drawn at random. Queues are found by rank, not by
// pointer order, so that a seed means the same in every process.
void SimExecutor::run_one(SeededRandom& random) {
  std::vector<std::deque<Task>*> ready;
  for (const SimExecutor* sender : scheduler_.senders()) {
    auto it = queues_.find(sender);
    if (it != queues_.end() && !it->second.empty()) ready.push_back(&it->second);
  }
  bool timer_due = !timers_.empty() && timers_.begin()->first.first <= now();
  size_t choice = static_cast<size_t>(random.below(ready.size() + (timer_due ? 1 : 0)));
  Task task;
  if (choice < ready.size()) {
    task = std::move(ready[choice]->front());
    ready[choice]->pop_front();
  } else {
    auto first = timers_.begin();
    task = std::move(first->second);
    timer_times_.erase(first->first.second);
    timers_.erase(first);
  }
  task();
}

void SimBackgroundPool::run(Task work, Executor& back, Task done) {
  auto spread = static_cast<uint64_t>(std::max<int64_t>(1, max_delay_.count()));
  Instant when = scheduler_.clock_.now() + Duration(static_cast<int64_t>(scheduler_.random_.below(spread)));
  scheduler_.background_work_.emplace(when, [work = std::move(work), &back, done = std::move(done)]() mutable {
    work();
    back.post(std::move(done));
  });
}

SimScheduler::SimScheduler(VirtualClock& clock, uint64_t seed)
    : clock_(clock), random_(seed), background_(new SimBackgroundPool(*this)) {}

SimScheduler::~SimScheduler() = default;

SimExecutor& SimScheduler::add_executor(std::string name) {
  executors_.push_back(std::unique_ptr<SimExecutor>(new SimExecutor(*this, std::move(name))));
  return *executors_.back();
}

std::vector<const SimExecutor*> SimScheduler::senders() const {
  std::vector<const SimExecutor*> all{nullptr};
  for (const auto& executor : executors_) all.push_back(executor.get());
  return all;
}

bool SimScheduler::run_one() {
  if (network_ != nullptr && network_->next_event() <= clock_.now()) {
    network_->deliver_due();
    return true;
  }
  if (!background_work_.empty() && background_work_.begin()->first <= clock_.now()) {
    Task task = std::move(background_work_.begin()->second);
    background_work_.erase(background_work_.begin());
    task();
    return true;
  }
  std::vector<SimExecutor*> ready;
  for (const auto& executor : executors_) {
    if (executor->runnable(clock_.now())) ready.push_back(executor.get());
  }
  if (ready.empty()) return false;
  current_ = ready[static_cast<size_t>(random_.below(ready.size()))];
  current_->run_one(random_);
  current_ = nullptr;
  return true;
}

void SimScheduler::run_ready() {
  for (size_t steps = 0; run_one(); ++steps) {
    if (steps < kLivelock) continue;
    fmt::print(stderr, "SimScheduler: closures without end at {} us\n", to_us(clock_.elapsed()));
    std::abort();
  }
}

Instant SimScheduler::next_event() const {
  Instant earliest = network_ != nullptr ? network_->next_event() : kNever;
  if (!background_work_.empty()) earliest = std::min(earliest, background_work_.begin()->first);
  for (const auto& executor : executors_) {
    if (!executor->timers_.empty()) earliest = std::min(earliest, executor->timers_.begin()->first.first);
  }
  return earliest;
}

bool SimScheduler::run_until(const std::function<bool()>& done, Duration bound) {
  Instant end = clock_.now() + bound;
  for (;;) {
    for (size_t steps = 0; !done(); ++steps) {
      if (!run_one()) break;
      if (steps >= kLivelock) return false;
    }
    if (done()) return true;
    Instant next = next_event();
    if (next > end) {
      clock_.advance_to(end);
      return done();
    }
    clock_.advance_to(next);
  }
}

void SimScheduler::run_for(Duration duration) {
  run_until([] { return false; }, duration);
}

bool SimScheduler::run_until_idle(Duration bound) {
  Instant end = clock_.now() + bound;
  for (;;) {
    run_ready();
    Instant next = next_event();
    if (next == kNever) return true;
    if (next > end) return false;
    clock_.advance_to(next);
  }
}

}  // namespace limen::test
