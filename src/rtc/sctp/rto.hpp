// RetransmissionTimeout: how long to wait for an acknowledgement (RFC 9260 section 6.3.1).
//
// A value of one association; a shard's thread only.
#pragma once
#include "base/time.hpp"

namespace limen::rtc {

class RetransmissionTimeout {
 public:
  RetransmissionTimeout(Duration initial, Duration min, Duration max) : rto_(initial), min_(min), max_(max) {}

  void on_round_trip(Duration rtt);
  void back_off();
  Duration value() const { return rto_; }
  Duration smoothed() const { return smoothed_; }

 private:
  Duration rto_, min_, max_;
  Duration smoothed_{}, variation_{};
  bool measured_ = false;
};

}  // namespace limen::rtc
