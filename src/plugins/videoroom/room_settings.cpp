#include "plugins/videoroom/room_settings.hpp"

#include <algorithm>

#include "base/log.hpp"

namespace limen::videoroom {
namespace {

constexpr Codec kAudio[] = {Codec::opus, Codec::multiopus, Codec::opus_red, Codec::pcmu,   Codec::pcma,
                            Codec::g722, Codec::isac32,    Codec::isac16,   Codec::l16_48, Codec::l16_16};
constexpr Codec kVideo[] = {Codec::vp8, Codec::vp9, Codec::h264, Codec::av1, Codec::h265};

std::optional<Codec> known(std::string_view name, MediaKind kind) {
  auto codec = codec_from_name(name);
  if (!codec) return std::nullopt;
  bool there = kind == MediaKind::audio ? std::ranges::find(kAudio, *codec) != std::end(kAudio)
                                        : std::ranges::find(kVideo, *codec) != std::end(kVideo);
  return there ? codec : std::nullopt;
}

std::vector<std::string_view> split(std::string_view list) {
  std::vector<std::string_view> out;
  while (out.size() < kMaxCodecs) {
    size_t comma = list.find(',');
    out.push_back(list.substr(0, comma));
    if (comma == std::string_view::npos) break;
    list.remove_prefix(comma + 1);
  }
  return out;
}

// The codecs of a list; the first unknown name, if any, goes to `unknown`.
std::vector<Codec> codecs(std::string_view list, MediaKind kind, std::optional<std::string>& unknown) {
  std::vector<Codec> out;
  for (std::string_view name : split(list)) {
    if (auto codec = known(name, kind)) out.push_back(*codec);
    else if (!unknown) unknown = std::string(name);
  }
  return out;
}

template <typename T, typename S>
void take(const std::optional<T>& from, S& to) {
  if (from) to = static_cast<S>(*from);
}

void take_plain(const RoomKeys& keys, RoomSettings& s) {
  take(keys.description, s.description);
  take(keys.is_private, s.is_private);
  take(keys.secret, s.secret);
  take(keys.pin, s.pin);
  take(keys.require_pvtid, s.require_pvtid);
  take(keys.signed_tokens, s.signed_tokens);
  take(keys.publishers, s.publishers);
  s.bitrate = floored_bitrate(keys.bitrate.value_or(0));
  take(keys.bitrate_cap, s.bitrate_cap);
  take(keys.fir_freq, s.fir_freq);
  take(keys.audiolevel_ext, s.audiolevel_ext);
  take(keys.audiolevel_event, s.audiolevel_event);
  if (s.audiolevel_event) {
    if (keys.audio_active_packets.value_or(0) > 0) s.audio_active_packets = *keys.audio_active_packets;
    if (keys.audio_level_average.value_or(0) > 0) s.audio_level_average = *keys.audio_level_average;
  }
  take(keys.videoorient_ext, s.videoorient_ext);
  take(keys.playoutdelay_ext, s.playoutdelay_ext);
  take(keys.transport_wide_cc_ext, s.transport_wide_cc_ext);
  take(keys.record, s.record);
  take(keys.rec_dir, s.rec_dir);
  take(keys.lock_record, s.lock_record);
  take(keys.notify_joining, s.notify_joining);
  take(keys.require_e2ee, s.require_e2ee);
  take(keys.dummy_publisher, s.dummy_publisher);
  take(keys.dummy_e2ee, s.dummy_e2ee);
  take(keys.threads, s.threads);
}

// What only makes sense with certain codecs.
void take_codec_options(const RoomKeys& keys, RoomSettings& s) {
  if (s.takes(Codec::vp9)) {
    take(keys.vp9_profile, s.vp9_profile);
    take(keys.video_svc, s.video_svc);
  }
  if (s.takes(Codec::h264)) take(keys.h264_profile, s.h264_profile);
  if (keys.opus_fec) s.opus_fec = *keys.opus_fec && s.takes(Codec::opus);
  if (keys.opus_dtx) s.opus_dtx = *keys.opus_dtx && s.takes(Codec::opus);
}

void add_dummy(RoomSettings& s, std::string_view codec, std::string fmtp) {
  auto found = codec_from_name(codec);
  if (!found || !s.takes(*found)) {
    log::warning("", "VideoRoom: dummy stream of codec '{}' left out, the room does not have it", codec);
    return;
  }
  s.dummy_streams.push_back({*found, std::move(fmtp)});
}

}  // namespace

bool RoomSettings::takes(Codec codec) const {
  return std::ranges::find(audio, codec) != audio.end() || std::ranges::find(video, codec) != video.end();
}

uint32_t floored_bitrate(uint32_t bps) {
  return bps > 0 && bps < kLowestBitrate ? kLowestBitrate : bps;
}

std::string codec_list(const std::vector<Codec>& codecs) {
  std::string out;
  for (Codec codec : codecs) out += (out.empty() ? "" : ",") + std::string(codec_name(codec));
  return out;
}

RoomResult<RoomSettings> settings_from_request(const RoomKeys& keys, const JsonObject& body) {
  RoomSettings s;
  std::optional<std::string> unknown;
  if (keys.audiocodec && !keys.audiocodec->empty()) s.audio = codecs(*keys.audiocodec, MediaKind::audio, unknown);
  if (unknown) {
    return refuse(ErrorCode::invalid_element,
                  "Invalid element (audiocodec can only be or contain opus, isac32, isac16, pcmu, pcma or g722)");
  }
  if (keys.videocodec && !keys.videocodec->empty()) s.video = codecs(*keys.videocodec, MediaKind::video, unknown);
  if (unknown) {
    return refuse(ErrorCode::invalid_element,
                  "Invalid element (videocodec can only be or contain vp8, vp9, av1, h264 or h265)");
  }
  take_plain(keys, s);
  take_codec_options(keys, s);
  const Json* dummies = body.if_contains("dummy_streams");
  if (!s.dummy_publisher || dummies == nullptr || !dummies->is_array()) return s;
  s.dummy_limited = !dummies->get_array().empty();
  for (const Json& entry : dummies->get_array()) {
    const JsonObject* object = entry.if_object();
    const Json* codec = object == nullptr ? nullptr : object->if_contains("codec");
    const Json* fmtp = object == nullptr ? nullptr : object->if_contains("fmtp");
    if (s.dummy_streams.size() >= 2 * kMaxCodecs) break;
    add_dummy(s, codec != nullptr && codec->is_string() ? std::string_view(codec->get_string()) : "",
              fmtp != nullptr && fmtp->is_string() ? std::string(fmtp->get_string()) : "");
  }
  return s;
}

RoomSettings settings_from_config(const RoomKeys& keys, const config::Node& group, config::Findings& findings) {
  RoomSettings s;
  std::optional<std::string> unknown;
  if (keys.audiocodec) s.audio = codecs(*keys.audiocodec, MediaKind::audio, unknown);
  if (keys.videocodec) s.video = codecs(*keys.videocodec, MediaKind::video, unknown);
  if (unknown) {
    findings.warnings.push_back(
        fmt::format("{}:{}: unknown codec '{}' left out", group.place.file, group.place.line, *unknown));
  }
  if (s.audio.empty()) s.audio = {Codec::opus};
  if (s.video.empty()) s.video = {Codec::vp8};
  take_plain(keys, s);
  take_codec_options(keys, s);
  if (s.description.empty()) s.description = group.name;
  const config::Node* dummies = group.find("dummy_streams");
  if (!s.dummy_publisher || dummies == nullptr) return s;
  s.dummy_limited = !dummies->children.empty();
  for (const config::Node& entry : dummies->children) {
    if (s.dummy_streams.size() >= 2 * kMaxCodecs) break;
    add_dummy(s, entry.text("codec").value_or(""), entry.text("fmtp").value_or(""));
  }
  return s;
}

}  // namespace limen::videoroom
