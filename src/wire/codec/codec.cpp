#include "wire/codec/codec.hpp"

#include <algorithm>
#include <array>

namespace limen {

namespace {

struct Entry {
  Codec codec;
  std::string_view name;      // Janus's
  std::string_view encoding;  // in rtpmap
  MediaKind kind;
  uint32_t clock_rate;
};

constexpr std::array kCodecs = {
    Entry{Codec::opus, "opus", "opus", MediaKind::audio, 48000},
    Entry{Codec::multiopus, "multiopus", "multiopus", MediaKind::audio, 48000},
    Entry{Codec::opus_red, "red", "red", MediaKind::audio, 48000},
    Entry{Codec::pcmu, "pcmu", "PCMU", MediaKind::audio, 8000},
    Entry{Codec::pcma, "pcma", "PCMA", MediaKind::audio, 8000},
    Entry{Codec::g722, "g722", "G722", MediaKind::audio, 8000},
    Entry{Codec::isac16, "isac16", "ISAC", MediaKind::audio, 16000},
    Entry{Codec::isac32, "isac32", "ISAC", MediaKind::audio, 32000},
    Entry{Codec::l16_16, "l16", "L16", MediaKind::audio, 16000},
    Entry{Codec::l16_48, "l16-48", "L16", MediaKind::audio, 48000},
    Entry{Codec::telephone_event, "dtmf", "telephone-event", MediaKind::audio, 8000},
    Entry{Codec::vp8, "vp8", "VP8", MediaKind::video, 90000},
    Entry{Codec::vp9, "vp9", "VP9", MediaKind::video, 90000},
    Entry{Codec::h264, "h264", "H264", MediaKind::video, 90000},
    Entry{Codec::h265, "h265", "H265", MediaKind::video, 90000},
    Entry{Codec::av1, "av1", "AV1", MediaKind::video, 90000},
};

constexpr char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

bool equal_any_case(std::string_view a, std::string_view b) {
  return std::ranges::equal(a, b, {}, lower, lower);
}

const Entry* entry(Codec codec) {
  auto found = std::ranges::find(kCodecs, codec, &Entry::codec);
  return found == kCodecs.end() ? nullptr : &*found;
}

}  // namespace

std::string_view codec_name(Codec codec) {
  const Entry* found = entry(codec);
  return found != nullptr ? found->name : std::string_view{};
}

std::optional<Codec> codec_from_name(std::string_view name) {
  for (const Entry& candidate : kCodecs) {
    if (equal_any_case(candidate.name, name)) return candidate.codec;
  }
  return std::nullopt;
}

Codec codec_from_rtpmap(std::string_view encoding, uint32_t clock_rate) {
  // Two codecs share an encoding name only where the clock rate tells them apart.
  auto rate_matters = [](Codec codec) {
    return codec == Codec::opus_red || codec == Codec::isac16 || codec == Codec::isac32 || codec == Codec::l16_16 ||
           codec == Codec::l16_48;
  };
  for (const Entry& candidate : kCodecs) {
    if (!equal_any_case(candidate.encoding, encoding)) continue;
    if (!rate_matters(candidate.codec) || candidate.clock_rate == clock_rate) return candidate.codec;
  }
  return Codec::unknown;
}

MediaKind codec_kind(Codec codec) {
  const Entry* found = entry(codec);
  return found != nullptr ? found->kind : MediaKind::data;
}

uint32_t codec_clock_rate(Codec codec) {
  const Entry* found = entry(codec);
  return found != nullptr ? found->clock_rate : 0;
}

std::string_view media_kind_name(MediaKind kind) {
  switch (kind) {
    case MediaKind::audio:
      return "audio";
    case MediaKind::video:
      return "video";
    case MediaKind::data:
      return "data";
  }
  return "";
}

}  // namespace limen
