#include "plugins/streaming/feed/keyframe_buffer.hpp"

#include <algorithm>

namespace limen::streaming {

void KeyframeBuffer::clear() {
  packets_.clear();
  bytes_.clear();
  cut_ = false;
}

void KeyframeBuffer::add(const RtpPacket& packet, Instant now) {
  bool same_source = !packets_.empty() && packets_.front().facts.ssrc == packet.ssrc;
  if (packet.video.keyframe) {
    // Several packets of one key frame say that they begin it (parameter sets, the first slice).
    bool another = !same_source || timestamp_newer(packet.timestamp, packets_.front().facts.timestamp);
    if (another) {
      clear();
      began_ = now;
      return keep(packet);
    }
  }
  if (!same_source || cut_) return;
  if (!sequence_newer(packet.sequence, packets_.front().facts.sequence)) return;
  if (within_limits(packet, now)) keep(packet);
  else cut_ = true;
}

bool KeyframeBuffer::within_limits(const RtpPacket& packet, Instant now) const {
  size_t most = limits_.bytes == 0 ? KeyframeLimits::kMostBytes : limits_.bytes;
  bool of_keyframe = packet.timestamp == packets_.front().facts.timestamp;
  if (packets_.size() >= kMostPackets || bytes_.size() + packet.packet.size() > KeyframeLimits::kMostBytes)
    return false;
  if (of_keyframe) return true;
  if (limits_.ms != 0 && now - began_ > std::chrono::milliseconds(limits_.ms)) return false;
  return bytes_.size() + packet.packet.size() <= most;
}

void KeyframeBuffer::keep(const RtpPacket& packet) {
  Kept& kept = packets_.emplace_back();
  kept.facts = packet;
  kept.facts.packet = Packet();
  kept.begin = bytes_.size();
  kept.size = packet.packet.size();
  Bytes bytes = packet.packet.bytes();
  bytes_.insert(bytes_.end(), bytes.begin(), bytes.end());
}

KeyframeBurst KeyframeBuffer::burst(PacketPool& pool, Instant now) const {
  KeyframeBurst out;
  if (packets_.empty()) return out;
  out.whole = !cut_;
  std::vector<uint32_t> frames;
  for (const Kept& kept : packets_) {
    auto place = std::ranges::lower_bound(frames, kept.facts.timestamp,
                                          [](uint32_t a, uint32_t b) { return timestamp_newer(b, a); });
    if (place == frames.end() || *place != kept.facts.timestamp) frames.insert(place, kept.facts.timestamp);
  }
  for (const Kept& kept : packets_) {
    RtpPacket packet = kept.facts;
    packet.packet = pool.copy(Bytes(bytes_).subspan(kept.begin, kept.size), now);
    if (!packet.packet) {
      out.whole = false;  // no memory for more
      break;
    }
    auto place = std::ranges::lower_bound(frames, packet.timestamp,
                                          [](uint32_t a, uint32_t b) { return timestamp_newer(b, a); });
    auto behind = static_cast<uint32_t>(frames.end() - place - 1);
    packet.timestamp = frames.back() - behind * kFrameTicks;
    out.packets.push_back(std::move(packet));
  }
  return out;
}

}  // namespace limen::streaming
