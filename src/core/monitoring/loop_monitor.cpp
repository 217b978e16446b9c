#include "core/monitoring/loop_monitor.hpp"

#include <utility>

namespace limen::core {

LoopMonitor::LoopMonitor(Executor& executor, MediaPlane& media)
    : executor_(executor), media_(media), loops_(std::make_shared<std::vector<Loop>>(media.shard_count())) {}

LoopMonitor::~LoopMonitor() {
  stop();
}

void LoopMonitor::start() {
  ask();
}

void LoopMonitor::stop() {
  if (timer_) executor_.cancel(std::exchange(timer_, {}));
}

void LoopMonitor::ask() {
  for (uint32_t i = 0; i < loops_->size(); ++i) {
    Loop& loop = (*loops_)[i];
    if (loop.asked) continue;
    loop.asked = true;
    loop.asked_at = executor_.now();
    media_.ping(i, [executor = &executor_, loops = loops_, i] {
      Loop& answered = (*loops)[i];
      answered.asked = false;
      answered.round_trip = executor->now() - answered.asked_at;
    });
  }
  timer_ = executor_.call_after(kPeriod, [this] { ask(); });
}

std::vector<uint32_t> LoopMonitor::lost() const {
  std::vector<uint32_t> list;
  for (uint32_t i = 0; i < loops_->size(); ++i) {
    const Loop& loop = (*loops_)[i];
    if (loop.asked && executor_.now() - loop.asked_at > kPatience) list.push_back(i);
  }
  return list;
}

std::vector<Duration> LoopMonitor::round_trips() const {
  std::vector<Duration> list;
  for (const Loop& loop : *loops_) list.push_back(loop.round_trip);
  return list;
}

}  // namespace limen::core
