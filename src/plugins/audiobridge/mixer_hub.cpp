#include "plugins/audiobridge/mixer_hub.hpp"

#include <utility>

#include "plugins/audiobridge/participant_hub.hpp"

namespace limen::audiobridge {

void MixerHub::add(uint64_t key, MixerSettings settings, MixerObserver observer) {
  mixers_[key].mixer = std::make_unique<RoomMixer>(shard_, settings, std::move(observer));
}

void MixerHub::remove(uint64_t key) {
  auto gone = mixers_.extract(key);
  if (!gone.empty() && gone.mapped().armed != kNever) shard_.cancel(gone.mapped().timer);
}

RoomMixer* MixerHub::find(uint64_t key) {
  auto found = mixers_.find(key);
  return found == mixers_.end() ? nullptr : found->second.mixer.get();
}

void MixerHub::change(uint64_t key, std::move_only_function<void(RoomMixer&)>& task) {
  auto found = mixers_.find(key);
  if (found == mixers_.end()) return;
  task(*found->second.mixer);
  arm(key, found->second);
}

void MixerHub::on_rtp(uint64_t key, uint64_t member, const RtpPacket& packet) {
  if (RoomMixer* mixer = find(key)) mixer->on_rtp(member, packet);
}

void MixerHub::arm(uint64_t key, Entry& entry) {
  entry.mixer->wake(shard_.now());
  Instant next = entry.mixer->next_tick();
  if (next == entry.armed) return;
  if (entry.armed != kNever) shard_.cancel(entry.timer);
  entry.armed = next;
  if (next != kNever) entry.timer = shard_.call_at(next, [this, key] { on_tick(key); });
}

void MixerHub::on_tick(uint64_t key) {
  auto found = mixers_.find(key);
  if (found == mixers_.end()) return;
  Entry& entry = found->second;
  entry.armed = kNever;
  entry.mixer->begin_tick(shard_.now());
  if (!std::exchange(entry.working, true)) working_.push_back(key);
  arm(key, entry);
  if (!work_armed_) work();
}

void MixerHub::work() {
  for (int steps = 0; steps < kStepsPerTurn && !working_.empty(); ++steps) {
    uint64_t key = working_.front();
    working_.pop_front();
    auto found = mixers_.find(key);
    if (found == mixers_.end()) continue;
    if (found->second.mixer->step(out_)) {
      working_.push_back(key);
      continue;
    }
    found->second.working = false;
    arm(key, found->second);
  }
  flush();
  if (working_.empty()) return;
  work_armed_ = true;
  work_timer_ = shard_.call_at(shard_.now(), [this] {
    work_armed_ = false;
    work();
  });
}

void MixerHub::flush() {
  for (uint32_t shard = 0; shard < out_.size(); ++shard) {
    if (out_[shard].empty()) continue;
    std::vector<MixedFrame> frames = std::exchange(out_[shard], {});
    if (shard == shard_.index()) {
      shard_.local<ParticipantHub>().deliver(frames);
    } else {
      shard_.post(shard,
                  [frames = std::move(frames)](MediaShard& other) { other.local<ParticipantHub>().deliver(frames); });
    }
  }
}

void MixerHub::on_shard_end() {
  for (auto& [key, entry] : mixers_) {
    if (entry.armed != kNever) shard_.cancel(entry.timer);
  }
  if (work_armed_) shard_.cancel(work_timer_);
  mixers_.clear();
  working_.clear();
}

}  // namespace limen::audiobridge
