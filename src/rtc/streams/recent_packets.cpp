#include "rtc/streams/recent_packets.hpp"

#include <algorithm>

namespace limen::rtc {
namespace {

// Whether both would be written alike. Mid, rid and the publisher's own clocks are not passed on.
bool same_facts(const ExtensionFacts& a, const ExtensionFacts& b) {
  return a.audio_level == b.audio_level && a.voice_activity == b.voice_activity &&
         a.video_orientation == b.video_orientation && a.min_playout_delay == b.min_playout_delay &&
         a.max_playout_delay == b.max_playout_delay && a.has_capture_time == b.has_capture_time &&
         a.capture_time == b.capture_time && a.dependency_offset == b.dependency_offset &&
         a.dependency_size == b.dependency_size && a.layers_offset == b.layers_offset && a.layers_size == b.layers_size;
}

}  // namespace

RtpPacket RecentPackets::Source::rtp() const {
  RtpPacket rtp;
  rtp.packet = packet;
  rtp.extensions = extensions;
  rtp.payload_offset = payload_offset;
  rtp.payload_size = payload_size;
  return rtp;
}

RecentPackets::Number& RecentPackets::lately(const RtpPacket& rtp) {
  auto address = reinterpret_cast<uintptr_t>(rtp.packet.data());
  return lately_[(address >> 4 ^ address >> 12) % kLately];
}

RecentPackets::Number RecentPackets::add(const RtpPacket& rtp, Duration keep, Instant now) {
  Number& known = lately(rtp);
  if (known - first_ < count_) {
    Source& source = at(known);
    // The ring holds the packet, so nobody else can have got its memory.
    if (source.packet.data() == rtp.packet.data() && source.payload_offset == rtp.payload_offset &&
        source.payload_size == rtp.payload_size && same_facts(source.extensions, rtp.extensions)) {
      source.keep_until = std::max(source.keep_until, now + keep);
      return known;
    }
  }
  trim(now);
  if (count_ == kMaxPackets) drop_oldest();
  if (count_ == ring_.size()) grow();
  known = first_ + static_cast<Number>(count_++);
  at(known) = {rtp.packet, rtp.extensions, rtp.payload_offset, rtp.payload_size, now + keep};
  return known;
}

const RecentPackets::Source* RecentPackets::find(Number number) const {
  return number - first_ < count_ ? &ring_[number & (ring_.size() - 1)] : nullptr;
}

void RecentPackets::trim(Instant now) {
  while (count_ != 0 && at(first_).keep_until < now) drop_oldest();
  if (count_ == 0 && ring_.size() > kLately) ring_ = {};
}

void RecentPackets::leave() {
  if (--users_ != 0) return;
  while (count_ != 0) drop_oldest();
  ring_ = {};
}

void RecentPackets::drop_oldest() {
  at(first_).packet = Packet();
  ++first_;
  --count_;
}

void RecentPackets::grow() {
  std::vector<Source> larger(ring_.empty() ? 64 : ring_.size() * 2);
  for (size_t i = 0; i < count_; ++i) {
    Number number = first_ + static_cast<Number>(i);
    larger[number & (larger.size() - 1)] = std::move(at(number));
  }
  ring_ = std::move(larger);
}

}  // namespace limen::rtc
