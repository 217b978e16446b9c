#include "media/fanout/fanout_list.hpp"

#include <algorithm>

#include "media/fanout/fanout_sink.hpp"

namespace limen::media {
namespace {

// With hundreds of subscribers each one's state has left the first caches when its turn comes.
void prefetch(const FanoutSink* sink) {
  if (sink == nullptr) return;
  const auto* at = reinterpret_cast<const uint8_t*>(sink);
  for (size_t i = 0; i < sizeof(FanoutSink); i += 64) __builtin_prefetch(at + i, 1);
}

}  // namespace

void FanoutList::remove(FanoutSink& sink) {
  auto place = std::find(sinks_.begin(), sinks_.end(), &sink);
  if (place == sinks_.end()) return;
  if (delivering_) {
    *place = nullptr;
    ++holes_;
  } else {
    *place = sinks_.back();
    sinks_.pop_back();
  }
}

void FanoutList::tidy() {
  delivering_ = false;
  if (holes_ == 0) return;
  std::erase(sinks_, nullptr);
  holes_ = 0;
}

// Browsers split a frame into packets that differ by a byte or a few. Padded to one size they leave as one run,
// with one send for each subscriber (UDP segmentation wants all segments but the last equal).
void FanoutList::equalise() {
  for (auto begin = waiting_.begin(); begin != waiting_.end();) {
    const RtpPacket& first = begin->packet->rtp;
    auto end = std::find_if(begin, waiting_.end(), [&first](const Waiting& other) {
      return other.packet->rtp.timestamp != first.timestamp || other.packet->rtp.ssrc != first.ssrc;
    });
    int size = 0;
    for (auto at = begin; at != end; ++at) size = std::max<int>(size, at->packet->rtp.payload_size);
    for (; begin != end; ++begin) {
      int missing = size - begin->packet->rtp.payload_size;
      if (missing <= OutgoingRtp::kMaxPadding) begin->padding = static_cast<uint8_t>(missing);
    }
  }
}

void FanoutList::deliver(Instant now) {
  delivering_ = true;
  if (waiting_.size() > 1) equalise();
  // By index: sinks may be added meanwhile.
  for (size_t i = 0; i < sinks_.size(); ++i) {
    if (i + 1 < sinks_.size()) prefetch(sinks_[i + 1]);
    for (const Waiting& one : waiting_) {
      if (sinks_[i] == nullptr) break;
      sinks_[i]->on_packet(one.packet->rtp, one.packet->epoch, one.padding, now);
    }
  }
  waiting_.clear();
  tidy();
}

void FanoutList::deliver(const DataMessage& message) {
  delivering_ = true;
  for (size_t i = 0; i < sinks_.size(); ++i) {
    if (sinks_[i] != nullptr) sinks_[i]->on_data(message);
  }
  tidy();
}

void FanoutList::limit(int spatial, int temporal) {
  for (FanoutSink* sink : sinks_) {
    if (sink != nullptr) sink->limit(spatial, temporal);
  }
}

bool FanoutList::wish_keyframe(Instant now) {
  wish_held_ = last_wish_ != Instant::min() && now - last_wish_ < kWishWindow;
  if (wish_held_) return false;
  last_wish_ = now;
  return true;
}

SourceDemand FanoutList::demand() const {
  SourceDemand all;
  for (const FanoutSink* sink : sinks_) {
    if (sink == nullptr || !sink->relaying()) continue;
    merge(all, sink->demand());
  }
  return all;
}

}  // namespace limen::media
