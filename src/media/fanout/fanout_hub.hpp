// FanoutHub: all that one shard knows of fan-out: the sources that live on it, with the shards that want
// them; and the lists of its own subscribers to sources anywhere.
//
// A ShardLocal: FanoutHub::of(shard). Plugins use FanoutSource and FanoutSink, which use this. Hubs talk
// to each other by posts; ids that name nothing are ignored.
#pragma once
#include <cstdint>
#include <memory>
#include <unordered_map>
#include <vector>

#include "api/media.hpp"
#include "media/fanout/fanout_lane.hpp"
#include "media/fanout/fanout_list.hpp"
#include "media/fanout/fanout_source.hpp"
#include "media/fanout/load_shedding.hpp"
#include "media/fanout/stream_id.hpp"

namespace limen::media {

class FanoutSink;

// A source as its shard keeps it: there may be interest before the source is, and after.
struct FanoutSlot {
  struct Interest {
    uint32_t shard = 0;
    SourceDemand demand;
  };
  FanoutSource* source = nullptr;
  std::vector<Interest> interests;  // one per shard with subscribers that relay
  bool keyframe_wished = false;     // before the source was there
};

struct FanoutCounters {
  uint64_t relayed = 0;  // packets times shards
  uint64_t dropped = 0;  // a shard did not keep up
  size_t sources = 0, lists = 0;
  uint64_t limits = 0;  // times that layers were taken away because the shard had too much to do
  int level = 0;        // of LoadShedding; 0: everything is forwarded
};

class FanoutHub final : public ShardLocal {
 public:
  explicit FanoutHub(MediaShard& shard);
  static FanoutHub& of(MediaShard& shard) { return shard.local<FanoutHub>(); }

  void on_end_of_turn(Instant now) override;
  FanoutCounters counters() const;

  // For FanoutSource.
  FanoutSlot& add_source(FanoutSource& source);
  void remove_source(FanoutSource& source);
  uint32_t next_epoch() { return ++last_epoch_; }
  void relay(const FanoutSlot& slot, FanoutPacket packet);
  void relay(const FanoutSlot& slot, const FanoutData& data);

  // For FanoutSink. Demands are told when the turn ends.
  void add_sink(StreamId stream, FanoutSink& sink);
  void remove_sink(StreamId stream, FanoutSink& sink);
  void demand_changed(StreamId stream);
  void ask_keyframe(StreamId stream);

 private:
  // On the source's shard.
  void take_interest(StreamId stream, uint32_t shard, const SourceDemand& demand);
  void take_wish(StreamId stream);
  void send_wish(StreamId stream);
  // On the subscribers' shard.
  void deliver(const FanoutBatch& batch);
  void tell_demand(StreamId stream);
  void on_hub_of(uint32_t shard, std::move_only_function<void(FanoutHub&)> task);
  FanoutBatch& outbox(uint32_t shard) { return outboxes_[shard]; }
  void flush();
  void shed(Instant now);

  MediaShard& shard_;
  ShardLoad& load_;
  std::unordered_map<StreamId, FanoutSlot> slots_;
  std::unordered_map<StreamId, std::unique_ptr<FanoutList>> lists_;
  std::vector<FanoutBatch> outboxes_;   // by shard, this one included
  std::vector<uint32_t> filled_;        // outboxes that are not empty
  std::vector<StreamId> dirty_;         // lists whose demand may have changed
  std::vector<FanoutList*> gathering_;  // during deliver()
  uint32_t last_epoch_ = 0;
  LoadShedding shedding_;
  FanoutCounters counters_;
};

}  // namespace limen::media
