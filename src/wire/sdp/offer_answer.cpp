#include "wire/sdp/offer_answer.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace limen::sdp {

namespace {

constexpr std::array kAudioOrder{Codec::opus,   Codec::pcmu,      Codec::pcma,   Codec::g722,  Codec::isac32,
                                 Codec::isac16, Codec::multiopus, Codec::l16_48, Codec::l16_16};
constexpr std::array kVideoOrder{Codec::vp8, Codec::vp9, Codec::h264, Codec::av1, Codec::h265};

bool equal_ignoring_case(std::string_view a, std::string_view b) {
  auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? char(c + 32) : c; };
  return std::ranges::equal(a, b, {}, lower, lower);
}

bool profile_matches(const MediaDescription& media, uint8_t payload_type, Codec codec, std::string_view profile) {
  if (profile.empty()) return true;
  std::string_view fmtp = media.fmtp(payload_type);
  if (codec == Codec::vp9) return fmtp_value(fmtp, "profile-id") == profile;
  if (codec != Codec::h264) return true;
  return equal_ignoring_case(fmtp_value(fmtp, "profile-level-id"), profile) &&
         fmtp_value(fmtp, "packetization-mode") != "0";
}

}  // namespace

std::span<const Codec> preferred_codecs(MediaKind kind) {
  if (kind == MediaKind::audio) return kAudioOrder;
  if (kind == MediaKind::video) return kVideoOrder;
  return {};
}

std::string_view fmtp_value(std::string_view fmtp, std::string_view key) {
  while (!fmtp.empty()) {
    size_t end = std::min(fmtp.find(';'), fmtp.size());
    std::string_view item = fmtp.substr(0, end);
    fmtp.remove_prefix(std::min(end + 1, fmtp.size()));
    item.remove_prefix(std::min(item.find_first_not_of(' '), item.size()));
    if (item.size() > key.size() && item.starts_with(key) && item[key.size()] == '=') {
      item.remove_prefix(key.size() + 1);
      return item.substr(0, item.find_last_not_of(' ') + 1);
    }
  }
  return {};
}

std::optional<uint8_t> payload_type_for(const MediaDescription& media, Codec codec, std::string_view profile) {
  if (codec == Codec::unknown) return std::nullopt;
  for (uint8_t payload_type : media.payload_types) {
    if (media.codec(payload_type) == codec && profile_matches(media, payload_type, codec, profile)) {
      return payload_type;
    }
  }
  return std::nullopt;
}

std::optional<uint8_t> opus_red_payload_type(const MediaDescription& media) {
  return media.kind == MediaKind::audio ? payload_type_for(media, Codec::opus_red) : std::nullopt;
}

Codec choose_codec(const MediaDescription& media, std::span<const Codec> order) {
  for (Codec codec : order.empty() ? preferred_codecs(media.kind) : order) {
    if (codec_kind(codec) == media.kind && payload_type_for(media, codec)) return codec;
  }
  return Codec::unknown;
}

std::string_view profile_of(const MediaDescription& media, uint8_t payload_type) {
  Codec codec = media.codec(payload_type);
  if (codec == Codec::vp9) return fmtp_value(media.fmtp(payload_type), "profile-id");
  if (codec == Codec::h264) return fmtp_value(media.fmtp(payload_type), "profile-level-id");
  return {};
}

namespace {

struct OpusWish {
  std::string_view key;
  bool wanted;
};

void append_feature(std::string& out, std::string_view key) {
  if (!out.empty()) out.push_back(';');
  out += fmt::format("{}=1", key);
}

std::array<OpusWish, 3> wishes(OpusFeatures allowed) {
  return {{{"useinbandfec", allowed.fec}, {"usedtx", allowed.dtx}, {"stereo", allowed.stereo}}};
}

}  // namespace

std::string opus_fmtp(const MediaDescription& media, OpusFeatures allowed) {
  std::string out;
  auto lines = media.values("fmtp");
  for (const OpusWish& wish : wishes(allowed)) {
    auto says = [&](std::string_view line) {
      size_t space = line.find(' ');
      return space != std::string_view::npos && fmtp_value(line.substr(space + 1), wish.key) == "1";
    };
    if (wish.wanted && std::ranges::any_of(lines, says)) append_feature(out, wish.key);
  }
  return out;
}

std::string opus_fmtp(const SessionDescription& description) {
  std::string out;
  for (const MediaDescription& media : description.media) {
    if (media.kind != MediaKind::audio) continue;
    for (std::string_view line : media.values("fmtp")) {
      size_t space = line.find(' ');
      if (space == std::string_view::npos) continue;
      for (const OpusWish& wish : wishes({})) {
        if (fmtp_value(line.substr(space + 1), wish.key) == "1") append_feature(out, wish.key);
      }
    }
  }
  return out;
}

uint8_t default_payload_type(Codec codec) {
  switch (codec) {
    case Codec::opus:
    case Codec::multiopus:
      return 111;
    case Codec::opus_red:
      return 120;
    case Codec::isac32:
      return 104;
    case Codec::isac16:
      return 103;
    case Codec::pcmu:
      return 0;
    case Codec::pcma:
      return 8;
    case Codec::g722:
      return 9;
    case Codec::l16_48:
      return 105;
    case Codec::l16_16:
      return 106;
    case Codec::telephone_event:
      return 126;
    case Codec::vp8:
      return 96;
    case Codec::vp9:
      return 101;
    case Codec::h264:
      return 107;
    case Codec::av1:
      return 98;
    case Codec::h265:
      return 100;
    case Codec::unknown:
      break;
  }
  return 127;
}

std::string_view default_rtpmap(Codec codec) {
  switch (codec) {
    case Codec::opus:
      return "opus/48000/2";
    case Codec::multiopus:
      return "multiopus/48000/6";
    case Codec::opus_red:
      return "red/48000/2";
    case Codec::isac32:
      return "ISAC/32000";
    case Codec::isac16:
      return "ISAC/16000";
    case Codec::pcmu:
      return "PCMU/8000";
    case Codec::pcma:
      return "PCMA/8000";
    case Codec::g722:
      return "G722/8000";
    case Codec::l16_48:
      return "L16/48000";
    case Codec::l16_16:
      return "L16/16000";
    case Codec::telephone_event:
      return "telephone-event/8000";
    case Codec::vp8:
      return "VP8/90000";
    case Codec::vp9:
      return "VP9/90000";
    case Codec::h264:
      return "H264/90000";
    case Codec::av1:
      return "AV1/90000";
    case Codec::h265:
      return "H265/90000";
    case Codec::unknown:
      break;
  }
  return {};
}

std::string profile_fmtp(Codec codec, std::string_view profile) {
  if (profile.empty()) return {};
  if (codec == Codec::vp9) return fmt::format("profile-id={}", profile);
  if (codec == Codec::h264) return fmt::format("profile-level-id={};packetization-mode=1", profile);
  return {};
}

}  // namespace limen::sdp
