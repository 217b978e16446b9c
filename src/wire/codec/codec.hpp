// The codecs this server knows by name.
#pragma once
#include <cstdint>
#include <optional>
#include <string_view>

namespace limen {

enum class MediaKind : uint8_t { audio, video, data };

enum class Codec : uint8_t {
  unknown,
  opus,
  multiopus,
  opus_red,
  pcmu,
  pcma,
  g722,
  isac16,
  isac32,
  l16_16,
  l16_48,
  telephone_event,
  vp8,
  vp9,
  h264,
  h265,
  av1,
};

// Janus's names: "opus", "multiopus", "pcmu", "l16-48", "vp8" ... ; "" for unknown.
std::string_view codec_name(Codec codec);
// By Janus's name, any case.
std::optional<Codec> codec_from_name(std::string_view name);
// By the encoding name of an rtpmap ("opus", "VP8", "L16" ...) and its clock rate.
Codec codec_from_rtpmap(std::string_view encoding, uint32_t clock_rate);
MediaKind codec_kind(Codec codec);
// RTP clock in Hz (G.722's is 8000: RFC 3551 section 4.5.2).
uint32_t codec_clock_rate(Codec codec);
std::string_view media_kind_name(MediaKind kind);  // "audio", "video", "data"

}  // namespace limen
