// MediaFlow: is media arriving on one m-line (or simulcast layer), as the API tells it (spec 7.11).
//
// A value; a shard's thread only.
#pragma once
#include <algorithm>

#include "base/time.hpp"

namespace limen::rtc {

class MediaFlow {
 public:
  bool receiving() const { return receiving_; }
  // True: it began, or began again.
  bool on_packet() {
    bool began = !receiving_;
    receiving_ = true;
    return began;
  }
  // True: it has just stopped.
  bool stop() {
    bool stopped = receiving_;
    receiving_ = false;
    return stopped;
  }
  // When it will have stopped if nothing more comes; `up_since`: since when media can flow at all.
  static Instant silent_at(Instant last_packet, Duration timer, Instant up_since) {
    return std::max(last_packet + timer, up_since + std::chrono::seconds(1));
  }

 private:
  bool receiving_ = false;
};

}  // namespace limen::rtc
