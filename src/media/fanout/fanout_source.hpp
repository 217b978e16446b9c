// FanoutSource: one published stream on its shard: what is pushed into it reaches every FanoutSink, on any
// shard, that is attached to its StreamId.
//
// Owned by the publisher's media handler (or whatever receives the stream); that shard's thread only. One
// packet reference travels to each other shard that has subscribers, once per loop turn; a shard that
// cannot keep up loses packets (counted), never stalls this one. What subscribers ask for comes back
// merged, through SourceObserver. A source may come before or after its subscribers and may go at any time.
#pragma once
#include <array>
#include <cstdint>
#include <functional>

#include "api/media.hpp"
#include "media/fanout/stream_id.hpp"
#include "media/layer_selector.hpp"

namespace limen::media {

class FanoutHub;
struct FanoutSlot;

struct SourceSettings {
  // Key frames are asked of the publisher at most once in this time, however many want one; a wish that
  // comes sooner waits, and is forgotten if a key frame passes first.
  Duration keyframe_interval = std::chrono::seconds(1);
  // Written over what the publisher says, in units of 10 ms; both >= 0 or nothing.
  int16_t min_playout_delay = -1;
  int16_t max_playout_delay = -1;
};

// What all subscribers together want.
struct SourceDemand {
  uint32_t subscribers = 0;      // that relay; paused ones do not count
  Layers lowest, highest;        // targets; -1: there is none
  uint64_t lowest_estimate = 0;  // smallest REMB of a subscriber, bits per second; 0: nobody sent one
  friend bool operator==(const SourceDemand&, const SourceDemand&) = default;
};

// Adds what one more of them wants.
void merge(SourceDemand& into, const SourceDemand& more);
// Worth telling again? An estimate that moved by less than a sixteenth is not.
bool differs(const SourceDemand& told, const SourceDemand& now);

// Called on the source's shard, from inside push() or between packets; not from inside a destructor.
struct SourceObserver {
  std::function<void()> ask_keyframe;                    // ask the publisher now
  std::function<void(const SourceDemand&)> demand = {};  // it has changed
};

class FanoutSource {
 public:
  FanoutSource(MediaShard& shard, StreamId id, SourceSettings settings, SourceObserver observer);
  ~FanoutSource();
  FanoutSource(const FanoutSource&) = delete;
  FanoutSource& operator=(const FanoutSource&) = delete;

  void push(const RtpPacket& packet);
  void push(const DataMessage& message);

  // Not relayed while inactive (muted, moderated). Afterwards sequence numbers continue without a gap and
  // subscribers to video start with a key frame, which is asked for.
  void set_active(bool active);
  bool active() const { return active_; }
  void set_playout_delay(int16_t min, int16_t max);
  // For the owner's own needs (a recording starts, fir_freq); limited like everybody's.
  void ask_keyframe();

  StreamId id() const { return id_; }
  const SourceDemand& demand() const { return demand_; }
  uint64_t pushed() const { return pushed_; }

 private:
  friend class FanoutHub;
  void look_for_restart(const RtpPacket& packet);
  void look_for_keyframe(const RtpPacket& packet, Instant now);
  void ask_now(Instant now);
  void take_demands();

  MediaShard& shard_;
  FanoutHub& hub_;
  StreamId id_;
  SourceSettings settings_;
  SourceObserver observer_;
  FanoutSlot* slot_;  // the hub's
  SourceDemand demand_;
  bool active_ = true;
  uint32_t epoch_;                   // another one after each interruption; never the same twice on a shard
  std::array<uint32_t, 4> ssrcs_{};  // by substream; 0: none yet
  bool keyframe_wished_ = false;
  Instant last_asked_ = Instant::min();
  uint8_t highest_substream_ = 0;  // seen
  uint64_t pushed_ = 0;
};

}  // namespace limen::media
