// Outbox: what waits for a broker; bounded, the oldest go first and are counted.
//
// Under its owner's lock. Message has size(), in bytes.
#pragma once
#include <cstdint>
#include <deque>
#include <utility>

namespace limen::brokers {

struct OutboxLimits {
  size_t messages = 100'000;
  size_t bytes = 32 * 1024 * 1024;
};

struct OutboxFigures {
  size_t waiting = 0;
  uint64_t dropped = 0;
};

template <typename Message>
class Outbox {
 public:
  explicit Outbox(OutboxLimits limits = {}) : limits_(limits) {}

  // How many had to go for it.
  uint64_t push(Message message) {
    bytes_ += message.size();
    messages_.push_back(std::move(message));
    return trim();
  }
  // Sent and not confirmed: before all others again.
  uint64_t push_back_to_front(Message message) {
    bytes_ += message.size();
    messages_.push_front(std::move(message));
    return trim();
  }
  Message take() {
    Message message = std::move(messages_.front());
    messages_.pop_front();
    bytes_ -= message.size();
    return message;
  }
  bool empty() const { return messages_.empty(); }
  size_t count() const { return messages_.size(); }
  uint64_t dropped() const { return dropped_; }
  OutboxFigures figures() const { return {messages_.size(), dropped_}; }

 private:
  uint64_t trim() {
    uint64_t before = dropped_;
    while (messages_.size() > limits_.messages || bytes_ > limits_.bytes) {
      take();
      ++dropped_;
    }
    return dropped_ - before;
  }

  OutboxLimits limits_;
  std::deque<Message> messages_;
  size_t bytes_ = 0;
  uint64_t dropped_ = 0;
};

}  // namespace limen::brokers
