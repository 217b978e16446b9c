// FanoutList: the subscribers of one source on one shard, and what they ask of it, merged.
//
// Owned by the shard's FanoutHub; that shard's thread only.
#pragma once
#include <algorithm>
#include <cstdint>
#include <memory>
#include <vector>

#include "media/fanout/fanout_lane.hpp"
#include "media/fanout/fanout_source.hpp"

namespace limen::media {

class FanoutSink;

class FanoutList {
 public:
  // Key frame wishes of this shard within this time travel once, and once more at its end if no key frame has
  // passed since: the one that the first wish brought may have come before the last was uttered.
  static constexpr Duration kWishWindow = std::chrono::milliseconds(100);

  void add(FanoutSink& sink) { sinks_.push_back(&sink); }
  // May be called while packets are delivered.
  void remove(FanoutSink& sink);
  bool empty() const { return count() == 0; }
  size_t count() const { return sinks_.size() - holes_; }

  // Packets wait here until all of a turn are there, then each subscriber gets them one after the other,
  // so that its state is warm and its datagrams lie together.
  // True: the first one.
  bool gather(const FanoutPacket& packet) {
    look_for_keyframe(packet.rtp);
    waiting_.push_back({&packet, 0});
    return waiting_.size() == 1;
  }
  StreamId gathered() const { return waiting_.front().packet->stream; }
  void deliver(Instant now);
  void deliver(const DataMessage& message);

  void limit(int spatial, int temporal);

  // True: the wish is to be handed on.
  bool wish_keyframe(Instant now);
  // True: one that had to wait is to be handed on now. Packets are its clock.
  bool take_held_wish(Instant now) { return wish_held_ && wish_keyframe(now); }
  SourceDemand demand() const;

  SourceDemand told;   // to the source's shard; FanoutHub's
  bool dirty = false;  // in FanoutHub's list of those whose demand may have changed

 private:
  struct Waiting {
    const FanoutPacket* packet;
    uint8_t padding;
  };
  void equalise();
  void tidy();
  void look_for_keyframe(const RtpPacket& packet) {
    highest_substream_ = std::max(highest_substream_, packet.substream);
    if (packet.video.keyframe && packet.substream >= highest_substream_) wish_held_ = false;
  }

  std::vector<FanoutSink*> sinks_;  // null: removed during delivery
  size_t holes_ = 0;
  bool delivering_ = false;
  std::vector<Waiting> waiting_;
  Instant last_wish_ = Instant::min();
  bool wish_held_ = false;
  uint8_t highest_substream_ = 0;
};

}  // namespace limen::media
