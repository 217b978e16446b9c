#include "media/fanout/fanout_hub.hpp"

#include <algorithm>
#include <utility>

#include "media/fanout/fanout_sink.hpp"

namespace limen::media {

namespace {
// What a shard relays in one turn may lead to more on the same shard (an echo); bounded per turn.
constexpr int kFlushRounds = 4;
}  // namespace

FanoutHub::FanoutHub(MediaShard& shard) : shard_(shard), load_(shard.local<ShardLoad>()) {
  outboxes_.reserve(shard.count());
  for (uint32_t i = 0; i < shard.count(); ++i) outboxes_.emplace_back(std::make_shared<FanoutLane>());
}

void FanoutHub::on_hub_of(uint32_t shard, std::move_only_function<void(FanoutHub&)> task) {
  if (shard == shard_.index()) return task(*this);
  shard_.post(shard, [task = std::move(task)](MediaShard& other) mutable { task(FanoutHub::of(other)); });
}

FanoutSlot& FanoutHub::add_source(FanoutSource& source) {
  FanoutSlot& slot = slots_[source.id()];
  slot.source = &source;
  return slot;
}

void FanoutHub::remove_source(FanoutSource& source) {
  auto it = slots_.find(source.id());
  if (it == slots_.end() || it->second.source != &source) return;
  it->second.source = nullptr;
  if (it->second.interests.empty()) slots_.erase(it);
}

void FanoutHub::relay(const FanoutSlot& slot, FanoutPacket packet) {
  for (const FanoutSlot::Interest& interest : slot.interests) {
    FanoutBatch& box = outbox(interest.shard);
    if (box.empty()) filled_.push_back(interest.shard);
    if (box.add(packet)) ++counters_.relayed;
    else ++counters_.dropped;
    if (interest.shard == shard_.index()) load_.copies += interest.demand.subscribers;
  }
}

void FanoutHub::relay(const FanoutSlot& slot, const FanoutData& data) {
  for (const FanoutSlot::Interest& interest : slot.interests) {
    FanoutBatch& box = outbox(interest.shard);
    if (box.empty()) filled_.push_back(interest.shard);
    if (box.add(data)) ++counters_.relayed;
    else ++counters_.dropped;
  }
}

void FanoutHub::on_end_of_turn(Instant now) {
  shed(now);
  for (int i = 0; i < kFlushRounds && !(filled_.empty() && dirty_.empty()); ++i) {
    for (StreamId stream : std::exchange(dirty_, {})) tell_demand(stream);
    flush();
  }
}

void FanoutHub::shed(Instant now) {
  int before = shedding_.level();
  if (!shedding_.update(load_.value, now)) return;
  if (shedding_.level() > before) ++counters_.limits;
  for (auto& [stream, list] : lists_) list->limit(shedding_.spatial(), shedding_.temporal());
}

void FanoutHub::flush() {
  load_.copies = 0;
  for (uint32_t shard : std::exchange(filled_, {})) {
    FanoutBatch& box = outbox(shard);
    if (box.empty()) continue;
    FanoutBatch batch(box.lane);
    batch.packets.swap(box.packets);
    batch.data.swap(box.data);
    if (shard == shard_.index()) {
      deliver(batch);
    } else {
      shard_.post(shard,
                  [batch = std::move(batch)](MediaShard& other) mutable { FanoutHub::of(other).deliver(batch); });
    }
  }
}

void FanoutHub::deliver(const FanoutBatch& batch) {
  Instant now = shard_.now();
  std::vector<FanoutList*> lists = std::exchange(gathering_, {});
  StreamId last;
  FanoutList* list = nullptr;
  for (const FanoutPacket& packet : batch.packets) {
    if (packet.stream != last || list == nullptr) {
      auto it = lists_.find(packet.stream);
      list = it == lists_.end() ? nullptr : it->second.get();
      last = packet.stream;
    }
    if (list != nullptr && list->gather(packet)) lists.push_back(list);
  }
  for (FanoutList* each : lists) {
    StreamId stream = each->gathered();
    each->deliver(now);
    if (each->take_held_wish(now)) send_wish(stream);
  }
  lists.clear();
  gathering_ = std::move(lists);
  for (const FanoutData& data : batch.data) {
    auto it = lists_.find(data.stream);
    if (it != lists_.end()) it->second->deliver(*data.message);
  }
}

void FanoutHub::add_sink(StreamId stream, FanoutSink& sink) {
  std::unique_ptr<FanoutList>& list = lists_[stream];
  if (!list) list = std::make_unique<FanoutList>();
  list->add(sink);
  sink.limit(shedding_.spatial(), shedding_.temporal());
  demand_changed(stream);
}

void FanoutHub::remove_sink(StreamId stream, FanoutSink& sink) {
  auto it = lists_.find(stream);
  if (it == lists_.end()) return;
  it->second->remove(sink);
  demand_changed(stream);
}

void FanoutHub::demand_changed(StreamId stream) {
  auto it = lists_.find(stream);
  if (it == lists_.end() || std::exchange(it->second->dirty, true)) return;
  dirty_.push_back(stream);
}

void FanoutHub::tell_demand(StreamId stream) {
  auto it = lists_.find(stream);
  if (it == lists_.end()) return;
  FanoutList& list = *it->second;
  list.dirty = false;
  SourceDemand demand = list.demand();
  if (differs(list.told, demand)) {
    list.told = demand;
    on_hub_of(stream.shard,
              [stream, shard = shard_.index(), demand](FanoutHub& hub) { hub.take_interest(stream, shard, demand); });
  }
  // Whoever is told last of a list that is empty ends it; nobody is delivering at the end of a turn.
  if (list.empty() && !list.dirty) lists_.erase(stream);
}

void FanoutHub::ask_keyframe(StreamId stream) {
  auto it = lists_.find(stream);
  if (it == lists_.end()) return;
  // The source has to know first that there is somebody here.
  FanoutList& list = *it->second;
  if (list.dirty) tell_demand(stream);
  if (!list.wish_keyframe(shard_.now())) return;
  send_wish(stream);
}

void FanoutHub::send_wish(StreamId stream) {
  on_hub_of(stream.shard, [stream](FanoutHub& hub) { hub.take_wish(stream); });
}

void FanoutHub::take_interest(StreamId stream, uint32_t shard, const SourceDemand& demand) {
  FanoutSlot& slot = slots_[stream];
  auto it = std::find_if(slot.interests.begin(), slot.interests.end(),
                         [&](const FanoutSlot::Interest& i) { return i.shard == shard; });
  if (demand.subscribers == 0) {
    if (it != slot.interests.end()) slot.interests.erase(it);
  } else if (it == slot.interests.end()) {
    slot.interests.push_back({shard, demand});
  } else {
    it->demand = demand;
  }
  if (slot.source != nullptr) slot.source->take_demands();
  else if (slot.interests.empty()) slots_.erase(stream);
}

void FanoutHub::take_wish(StreamId stream) {
  auto it = slots_.find(stream);
  if (it == slots_.end()) return;
  if (it->second.source != nullptr) it->second.source->ask_keyframe();
  else it->second.keyframe_wished = true;
}

FanoutCounters FanoutHub::counters() const {
  FanoutCounters counters = counters_;
  for (const auto& [id, slot] : slots_) counters.sources += slot.source != nullptr;
  counters.lists = lists_.size();
  counters.level = shedding_.level();
  return counters;
}

}  // namespace limen::media
