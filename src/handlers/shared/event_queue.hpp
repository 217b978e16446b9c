// EventQueue: events as text on their way to a collector; bounded, the oldest go first.
//
// One thread, or under its owner's lock. A collector that is slow or gone costs so much memory and no
// more; what it missed is counted.
#pragma once
#include <cstdint>
#include <deque>
#include <span>
#include <string>

#include "api/json.hpp"

namespace limen::handlers {

// Texts that write_json() made in `format`, as the one array it would have written.
std::string join_events(std::span<const std::string> events, JsonFormat format);

class EventQueue {
 public:
  struct Limits {
    size_t events = 100'000;
    size_t bytes = 32 * 1024 * 1024;
  };
  struct Batch {
    std::string text;  // what to send
    size_t events = 0;
  };
  static constexpr size_t kLargestGroup = 100;

  EventQueue() : EventQueue(Limits{}) {}
  explicit EventQueue(Limits limits) : limits_(limits) {}

  void push(std::string event);
  // Removes the next event, or with `grouping` up to kLargestGroup as one array. Not when empty.
  Batch take(bool grouping, JsonFormat format);
  // Drops all but the newest `count`; not counted as lost, it was asked for.
  void keep_newest(size_t count);

  bool empty() const { return events_.empty(); }
  size_t size() const { return events_.size(); }
  size_t bytes() const { return bytes_; }
  uint64_t dropped() const { return dropped_; }

 private:
  std::string pop();

  Limits limits_;
  std::deque<std::string> events_;
  size_t bytes_ = 0;
  uint64_t dropped_ = 0;
};

// Says that events are lost, at growing intervals: at the 1st, 10th, 100th ...
class LossReport {
 public:
  explicit LossReport(std::string_view tag) : tag_(tag) {}
  void lost(uint64_t events, std::string_view why);
  uint64_t total() const { return total_; }

 private:
  std::string_view tag_;
  uint64_t total_ = 0;
  uint64_t next_ = 1;
};

}  // namespace limen::handlers
