#include "tools/load/media_source.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>

namespace limen::load {
namespace {

constexpr Duration kAudioTime = std::chrono::milliseconds(20);
constexpr Duration kKeyframePause = std::chrono::milliseconds(500);
constexpr double kKeyframeFactor = 2.5;
constexpr size_t kMaxPayload = 1400;
// The codec's own bytes: VP8 descriptor (4), frame tag (3), start code and size (7), one Opus TOC.
constexpr size_t kVideoHead = 14;
constexpr size_t kAudioHead = 1;
constexpr uint32_t kMagic = 0x4c4f4144;
constexpr size_t kStamp = 4 + 8 + 4;

constexpr auto kFilling = [] {
  std::array<uint8_t, kMaxPayload + 256> bytes{};
  uint32_t x = 12345;
  for (uint8_t& byte : bytes) {
    x = x * 1664525 + 1013904223;
    byte = static_cast<uint8_t>(x >> 24);
  }
  return bytes;
}();

}  // namespace

void write_payload(MutableBytes out, bool video, bool first, bool keyframe, uint16_t picture, uint32_t counter,
                   Instant now) {
  size_t head = video ? kVideoHead : kAudioHead;
  if (video) {
    std::memset(out.data(), 0, kVideoHead);
    out[0] = first ? 0x90 : 0x80;  // X, S
    out[1] = 0x80;                 // I
    out[2] = static_cast<uint8_t>(0x80 | (picture >> 8 & 0x7f));
    out[3] = static_cast<uint8_t>(picture);
    out[4] = static_cast<uint8_t>(keyframe ? 0x10 : 0x11);  // show_frame, P
    if (first && keyframe) {
      constexpr uint8_t start[] = {0x9d, 0x01, 0x2a, 0x80, 0x02, 0xe0, 0x01};  // 640x480
      std::memcpy(&out[7], start, sizeof start);
    }
  } else {
    out[0] = 0x78;  // CELT, 20 ms, one frame
  }
  uint8_t* stamp = out.data() + head;
  store_u32(stamp, kMagic);
  store_u64(stamp + 4, static_cast<uint64_t>(now.time_since_epoch().count()));
  store_u32(stamp + 12, counter);
  std::memcpy(stamp + kStamp, kFilling.data() + counter % 256, out.size() - head - kStamp);
}

std::optional<Instant> check_payload(Bytes payload, bool video) {
  size_t head = video ? kVideoHead : kAudioHead;
  if (payload.size() < head + kStamp || payload.size() > kMaxPayload) return std::nullopt;
  const uint8_t* stamp = payload.data() + head;
  if (load_u32(stamp) != kMagic) return std::nullopt;
  uint32_t counter = load_u32(stamp + 12);
  if (std::memcmp(stamp + kStamp, kFilling.data() + counter % 256, payload.size() - head - kStamp) != 0) {
    return std::nullopt;
  }
  return Instant(Duration(static_cast<int64_t>(load_u64(stamp + 4))));
}

SourceProfile simulcast_layer(const SourceProfile& whole, size_t layer) {
  SourceProfile part = whole;
  part.video_kbps = whole.video_kbps * (1U << layer) / 7;
  part.audio = whole.audio && layer == 0;
  return part;
}

MediaSource::MediaSource(const SourceProfile& profile, double phase, Instant now)
    : profile_(profile), frame_time_(std::chrono::nanoseconds(1'000'000'000 / std::max(1U, profile.fps))) {
  profile_.packet_size = std::clamp<uint16_t>(profile.packet_size, kSmallestPayload, kMaxPayload);
  profile_.audio_size = std::clamp<uint16_t>(profile.audio_size, kSmallestPayload, kMaxPayload);
  auto offset = [phase](Duration period) {
    return Duration(static_cast<int64_t>(static_cast<double>(period.count()) * phase));
  };
  if (profile.video_kbps > 0) video_at_ = now + offset(frame_time_);
  if (profile.audio) audio_at_ = now + offset(kAudioTime);
}

void MediaSource::run(Instant now, const Sink& sink) {
  if (video_at_ < now - 10 * frame_time_) video_at_ = now;
  if (audio_at_ < now - 10 * kAudioTime) audio_at_ = now;
  while (video_at_ <= now) {
    emit_frame(now, sink);
    video_at_ += frame_time_;
  }
  while (audio_at_ <= now) {
    emit_audio(now, sink);
    audio_at_ += kAudioTime;
  }
}

void MediaSource::emit_frame(Instant now, const Sink& sink) {
  if (profile_.keyframe_every > Duration{0} && now - last_keyframe_ >= profile_.keyframe_every) keyframe_wanted_ = true;
  bool keyframe = keyframe_wanted_ && (frames_ == 0 || now - last_keyframe_ >= kKeyframePause);
  double per_frame = profile_.video_kbps * 1000.0 / 8 / profile_.packet_size / profile_.fps;
  owed_packets_ += per_frame;
  auto count = static_cast<int>(std::floor(owed_packets_));
  owed_packets_ -= count;
  if (keyframe) {
    keyframe_wanted_ = false;
    last_keyframe_ = now;
    count = static_cast<int>(std::ceil(per_frame * kKeyframeFactor));
  }
  uint8_t bytes[kMaxPayload];
  for (int i = 0; i < count; ++i) {
    size_t shorter = profile_.uneven && i < count / 2 ? 1 : 0;
    MutableBytes payload(bytes, profile_.packet_size - shorter);
    write_payload(payload, true, i == 0, keyframe, static_cast<uint16_t>(frames_ & 0x7fff), counter_++, now);
    sink({.video = true,
          .timestamp = frames_ * (90000 / std::max(1U, profile_.fps)),
          .sequence = video_sequence_++,
          .marker = i + 1 == count,
          .payload = payload});
  }
  ++frames_;
}

void MediaSource::emit_audio(Instant now, const Sink& sink) {
  uint8_t bytes[kMaxPayload];
  MutableBytes payload(bytes, profile_.audio_size);
  write_payload(payload, false, true, false, 0, counter_++, now);
  sink({.video = false,
        .timestamp = audio_frames_++ * 960,
        .sequence = audio_sequence_++,
        .marker = false,
        .payload = payload});
}

}  // namespace limen::load
