// MediaStreams, what is looked at once a second: reports, slow links, media that stopped (spec 7.11).
#include "rtc/peer/media_streams.hpp"

namespace limen::rtc {

void MediaStreams::tick(Instant now) {
  tick_at_ += std::chrono::seconds(1);
  if (tick_at_ <= now) tick_at_ = now + std::chrono::seconds(1);
  for (size_t i = 0; i < mlines_.size(); ++i) {
    Mline& mline = *mlines_[i];
    for (ReceiveSlot& slot : mline.slots) {
      if (slot.stream) slot.stream->end_interval();
    }
    if (mline.send) mline.send->end_interval(now);
    check_slow_link(static_cast<uint8_t>(i));
  }
  send_reports(now);
}

void MediaStreams::check_slow_link(uint8_t index) {
  Mline& mline = *mlines_[index];
  uint32_t up = mline.send ? mline.send->take_reported_losses() : 0;
  if (tuning_.slowlink_threshold == 0) return;
  if (mline.config().send && up >= tuning_.slowlink_threshold) events_.push(SlowLinkDetected{index, true, up});
  const ReceiveStream* stream = mline.slots[0].stream.get();
  uint32_t down = mline.config().receive && stream != nullptr ? stream->lost_in_interval() : 0;
  if (down >= tuning_.slowlink_threshold) events_.push(SlowLinkDetected{index, false, down});
}

void MediaStreams::check_silence(Instant now) {
  monitor_at_ = kNever;
  if (tuning_.no_media_timer <= Duration::zero()) return;
  for_each_slot([&](const Mline&, const SourceSlot& at, ReceiveSlot& slot) {
    if (!slot.flow.receiving() || !slot.stream) return;
    Instant silent = MediaFlow::silent_at(slot.stream->last_packet(), tuning_.no_media_timer, transport_.up_since());
    if (silent > now) return plan_monitor(silent);
    slot.flow.stop();
    events_.push(MediaStateChanged{at.mline, at.substream, false});
  });
}

}  // namespace limen::rtc
