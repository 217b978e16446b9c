// Awaited: answers that come from a shard, which may be gone before it comes to the question: whoever waits
// is told all the same, exactly once.
//
// Control thread.
#pragma once
#include <cstdint>
#include <functional>
#include <map>
#include <utility>

#include "base/executor.hpp"

namespace limen::videoroom {

template <typename Answer>
class Awaited {
 public:
  static constexpr Duration kTimeout = std::chrono::seconds(5);
  using Done = std::move_only_function<void(Answer)>;

  // `otherwise`: what `done` gets if nothing has arrived in time. The result names the question.
  uint64_t wait(Executor& control, Done done, Answer otherwise) {
    uint64_t ticket = ++last_;
    waiting_.emplace(ticket, std::move(done));
    control.call_after(kTimeout, [this, ticket, otherwise = std::move(otherwise)]() mutable {
      arrived(ticket, std::move(otherwise));
    });
    return ticket;
  }
  void arrived(uint64_t ticket, Answer answer) {
    auto waiting = waiting_.extract(ticket);
    if (!waiting.empty()) waiting.mapped()(std::move(answer));
  }

 private:
  uint64_t last_ = 0;
  std::map<uint64_t, Done> waiting_;
};

}  // namespace limen::videoroom
