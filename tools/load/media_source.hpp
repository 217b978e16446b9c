// MediaSource: what a browser's camera and microphone look like on the wire, without a browser.
//
// VP8 frames as bursts of equal packets at a bitrate, larger keyframes when asked; Opus every 20 ms.
// Payloads begin like the codec's and carry a stamp (when, which, what follows), so that a receiver
// can tell the latency and whether a byte changed. RFC 7741 (VP8), RFC 7587 (Opus). One thread.
#pragma once
#include <cstdint>
#include <functional>
#include <optional>

#include "base/bytes.hpp"
#include "base/time.hpp"

namespace limen::load {

struct SourceProfile {
  uint32_t video_kbps = 1000;  // 0: no video
  uint32_t fps = 30;
  uint16_t packet_size = 1100;  // RTP payload of a video packet
  bool audio = true;
  uint16_t audio_size = 80;
  bool uneven = false;        // the first half of a frame's packets is a byte shorter, as browsers split frames
  bool simulcast = false;     // three sources with a seventh, two and four sevenths of the bitrate
  Duration keyframe_every{};  // also without being asked; 0: only when asked
};
// What one of them is, the lowest first.
SourceProfile simulcast_layer(const SourceProfile& whole, size_t layer);

// One packet about to be sent; `payload` lives until the callback returns.
struct SourcePacket {
  bool video = false;
  uint32_t timestamp = 0;
  uint16_t sequence = 0;
  bool marker = false;
  Bytes payload;
};

class MediaSource {
 public:
  using Sink = std::function<void(const SourcePacket&)>;

  // `phase` in 0..1 spreads many sources over a frame's time.
  MediaSource(const SourceProfile& profile, double phase, Instant now);
  void request_keyframe() { keyframe_wanted_ = true; }
  Instant next() const { return video_at_ < audio_at_ ? video_at_ : audio_at_; }
  // Emits all that is due. After a long pause it goes on from now instead of catching up.
  void run(Instant now, const Sink& sink);

 private:
  void emit_frame(Instant now, const Sink& sink);
  void emit_audio(Instant now, const Sink& sink);

  SourceProfile profile_;
  Duration frame_time_;
  Instant video_at_ = kNever, audio_at_ = kNever;
  Instant last_keyframe_{};
  bool keyframe_wanted_ = true;
  double owed_packets_ = 0;
  uint32_t frames_ = 0, audio_frames_ = 0;
  uint16_t video_sequence_ = 1000, audio_sequence_ = 2000;
  uint32_t counter_ = 0;
};

// Writes a payload of this size; `size` must be at least kSmallestPayload.
inline constexpr size_t kSmallestPayload = 40;
void write_payload(MutableBytes out, bool video, bool first, bool keyframe, uint16_t picture, uint32_t counter,
                   Instant now);
// When it was sent, if every byte behind the codec's header is as written.
std::optional<Instant> check_payload(Bytes payload, bool video);

}  // namespace limen::load
