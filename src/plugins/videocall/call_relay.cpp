#include "plugins/videocall/call_relay.hpp"

namespace limen::videocall {

CallRelay::CallRelay(MediaShard& shard) : shard_(shard), lanes_(shard.count()) {}

void CallRelay::send(MediaId to, const OutgoingRtp& note) {
  if (to.shard == shard_.index()) {
    if (MediaContext* context = shard_.find(to.peer)) context->send(note);
    return;
  }
  if (to.shard >= lanes_.size()) return;
  Lane& lane = lanes_[to.shard];
  if (lane.items.size() + lane.on_the_way->load(std::memory_order_relaxed) >= kMaxOnTheWay) {
    ++dropped_;
    return;
  }
  lane.items.push_back({to.peer, *note.source, note});
}

void CallRelay::on_end_of_turn(Instant) {
  for (uint32_t shard = 0; shard < lanes_.size(); ++shard) {
    Lane& lane = lanes_[shard];
    if (lane.items.empty()) continue;
    lane.on_the_way->fetch_add(static_cast<uint32_t>(lane.items.size()), std::memory_order_relaxed);
    shard_.post(shard, [items = std::exchange(lane.items, {}), on_the_way = lane.on_the_way](MediaShard& there) {
      on_the_way->fetch_sub(static_cast<uint32_t>(items.size()), std::memory_order_relaxed);
      for (const Item& item : items) {
        MediaContext* context = there.find(item.to);
        if (context == nullptr) continue;
        OutgoingRtp note = item.note;
        note.source = &item.packet;
        context->send(note);
      }
    });
  }
}

void CallRelay::send(MediaId to, const RtcpFeedback& feedback) {
  auto hand_over = [peer = to.peer, feedback](MediaShard& shard) {
    if (MediaContext* context = shard.find(peer)) context->send(feedback);
  };
  if (to.shard == shard_.index()) hand_over(shard_);
  else shard_.post(to.shard, hand_over);
}

void CallRelay::send(MediaId to, const DataMessage& message) {
  if (to.shard == shard_.index()) {
    if (MediaContext* context = shard_.find(to.peer)) context->send_data(message);
    return;
  }
  if (to.shard >= lanes_.size()) return;
  std::shared_ptr<std::atomic<uint32_t>> on_the_way = lanes_[to.shard].on_the_way;
  if (on_the_way->load(std::memory_order_relaxed) >= kMaxOnTheWay) {
    ++dropped_;
    return;
  }
  on_the_way->fetch_add(1, std::memory_order_relaxed);
  shard_.post(to.shard, [peer = to.peer, message, on_the_way](MediaShard& there) {
    on_the_way->fetch_sub(1, std::memory_order_relaxed);
    if (MediaContext* context = there.find(peer)) context->send_data(message);
  });
}

}  // namespace limen::videocall
