#include "rtc/sctp/rto.hpp"

#include <algorithm>

namespace limen::rtc {

void RetransmissionTimeout::on_round_trip(Duration rtt) {
  if (rtt < Duration{}) return;
  if (!measured_) {
    measured_ = true;
    smoothed_ = rtt;
    variation_ = rtt / 2;
  } else {
    Duration distance = smoothed_ > rtt ? smoothed_ - rtt : rtt - smoothed_;
    variation_ = (variation_ * 3 + distance) / 4;
    smoothed_ = (smoothed_ * 7 + rtt) / 8;
  }
  rto_ = std::clamp(smoothed_ + 4 * variation_, min_, max_);
}

void RetransmissionTimeout::back_off() {
  rto_ = std::min(rto_ * 2, max_);
}

}  // namespace limen::rtc
