// Handover: brings what a library's thread received to the control thread, so much at a time.
//
// Made and closed on the control thread; full() and give() are for the library's thread, which should
// stop reading while it is full.
#pragma once
#include <atomic>
#include <functional>
#include <memory>

#include "base/executor.hpp"

namespace limen::brokers {

template <typename Message>
class Handover {
 public:
  static constexpr size_t kMostUnderWay = 1000;

  Handover(Executor& executor, std::function<void(Message)> take)
      : executor_(executor), state_(std::make_shared<State>(std::move(take))) {}
  ~Handover() { close(); }
  Handover(const Handover&) = delete;
  Handover& operator=(const Handover&) = delete;

  bool full() const { return state_->under_way.load(std::memory_order_relaxed) >= kMostUnderWay; }
  void give(Message message) {
    state_->under_way.fetch_add(1, std::memory_order_relaxed);
    executor_.post([state = state_, message = std::move(message)]() mutable {
      state->under_way.fetch_sub(1, std::memory_order_relaxed);
      if (state->take) state->take(std::move(message));
    });
  }
  // What is still under way is dropped.
  void close() { state_->take = nullptr; }

 private:
  struct State {
    explicit State(std::function<void(Message)> with) : take(std::move(with)) {}
    std::function<void(Message)> take;  // control thread only
    std::atomic<size_t> under_way{0};
  };

  Executor& executor_;
  std::shared_ptr<State> state_;
};

}  // namespace limen::brokers
