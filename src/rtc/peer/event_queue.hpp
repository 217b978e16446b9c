// EventQueue: what a Peer has to tell its driver, in order; its memory is used again and again.
//
// A shard's thread only.
#pragma once
#include <utility>
#include <vector>

#include "rtc/peer/peer_events.hpp"

namespace limen::rtc {

class EventQueue {
 public:
  template <typename Event>
  void push(Event&& event) {
    events_.emplace_back(std::forward<Event>(event));
  }
  bool poll(PeerEvent& event) {
    if (next_ == events_.size()) return false;
    event = std::move(events_[next_++]);
    if (next_ == events_.size()) {
      events_.clear();
      next_ = 0;
    }
    return true;
  }
  bool empty() const { return events_.empty(); }

 private:
  std::vector<PeerEvent> events_;
  size_t next_ = 0;
};

}  // namespace limen::rtc
