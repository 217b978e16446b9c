// CallRelay: how packets get from one side of a call to the other when their peers are on different
// shards: gathered during a loop turn, one post per shard at its end.
//
// One per shard (ShardLocal); that shard's thread only. Bounded: a shard that does not keep up loses packets.
#pragma once
#include <atomic>
#include <cstdint>
#include <memory>
#include <vector>

#include "api/media.hpp"

namespace limen::videocall {

class CallRelay final : public ShardLocal {
 public:
  static constexpr uint32_t kMaxOnTheWay = 4096;  // packets, per pair of shards

  explicit CallRelay(MediaShard& shard);
  void on_end_of_turn(Instant now) override;

  // `note.source` is the packet to send; it is kept (by reference count) as long as it travels.
  void send(MediaId to, const OutgoingRtp& note);
  void send(MediaId to, const RtcpFeedback& feedback);
  void send(MediaId to, const DataMessage& message);
  uint64_t dropped() const { return dropped_; }

 private:
  struct Item {
    PeerId to;
    RtpPacket packet;
    OutgoingRtp note;
  };
  struct Lane {
    std::vector<Item> items;
    std::shared_ptr<std::atomic<uint32_t>> on_the_way = std::make_shared<std::atomic<uint32_t>>(0);
  };

  MediaShard& shard_;
  std::vector<Lane> lanes_;  // by shard
  uint64_t dropped_ = 0;
};

}  // namespace limen::videocall
