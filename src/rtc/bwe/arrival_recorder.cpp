#include "rtc/bwe/arrival_recorder.hpp"

#include <algorithm>
#include <span>

namespace limen::rtc {

void ArrivalRecorder::on_packet(uint16_t sequence, Instant at) {
  if (arrivals_.size() >= kMaxArrivals) return;
  auto extended = static_cast<int64_t>(sequences_.update(sequence));
  // What was reported lost stays lost: the sender has acted on it already.
  if (extended < next_) return;
  if (arrivals_.empty() || arrivals_.back().sequence < extended) {
    arrivals_.push_back({extended, at});
    return;
  }
  auto place = std::lower_bound(arrivals_.begin(), arrivals_.end(), extended,
                                [](const rtcp::PacketArrival& a, int64_t wanted) { return a.sequence < wanted; });
  if (place->sequence != extended) arrivals_.insert(place, {extended, at});
}

bool ArrivalRecorder::take(rtcp::TransportFeedback& out) {
  std::span<const rtcp::PacketArrival> rest = std::span(arrivals_).subspan(taken_);
  size_t used = rtcp::make_transport_feedback(rest, count_, next_, out);
  if (used == 0) {
    arrivals_.clear();
    taken_ = 0;
    return false;
  }
  ++count_;
  taken_ += used;
  next_ = rest[used - 1].sequence + 1;
  return true;
}

}  // namespace limen::rtc
