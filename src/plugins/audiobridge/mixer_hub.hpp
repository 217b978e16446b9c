// MixerHub: the mixers of one shard: finds them, gives them their ticks, and runs their work in small pieces
// between the shard's other work, so that packets never wait for a room to be encoded
// (docs/adr/0007-mixing-in-steps.md).
//
// One per shard; that shard's thread.
#pragma once
#include <deque>
#include <functional>
#include <map>
#include <memory>

#include "api/media.hpp"
#include "plugins/audiobridge/room_mixer.hpp"

namespace limen::audiobridge {

class MixerHub final : public ShardLocal {
 public:
  // Pieces of work (an encoding each, about 0.1 to 0.2 ms) in one turn of the loop.
  static constexpr int kStepsPerTurn = 6;

  explicit MixerHub(MediaShard& shard) : shard_(shard), out_(shard.count()) {}

  void add(uint64_t key, MixerSettings settings, MixerObserver observer);
  void remove(uint64_t key);
  // Changes a mixer; nothing if it has gone.
  void change(uint64_t key, std::move_only_function<void(RoomMixer&)>& task);
  void on_rtp(uint64_t key, uint64_t member, const RtpPacket& packet);
  RoomMixer* find(uint64_t key);
  void on_shard_end() override;

 private:
  struct Entry {
    std::unique_ptr<RoomMixer> mixer;
    TimerId timer;
    Instant armed = kNever;
    bool working = false;
  };

  void arm(uint64_t key, Entry& entry);
  void on_tick(uint64_t key);
  void work();
  void flush();

  MediaShard& shard_;
  std::map<uint64_t, Entry> mixers_;
  std::deque<uint64_t> working_;  // keys, each with steps left
  TimerId work_timer_;
  bool work_armed_ = false;
  MixedFrames out_;  // by shard
};

}  // namespace limen::audiobridge
