#include "plugins/audiobridge/room_settings.hpp"

#include <algorithm>
#include <array>

namespace limen::audiobridge {
namespace {

constexpr std::array<uint32_t, 5> kRates{8000, 12000, 16000, 24000, 48000};

template <typename T, typename S>
void take(const std::optional<T>& from, S& to) {
  if (from) to = static_cast<S>(*from);
}

void take_all(const RoomKeys& keys, RoomSettings& s) {
  take(keys.description, s.description);
  take(keys.is_private, s.is_private);
  take(keys.secret, s.secret);
  take(keys.pin, s.pin);
  take(keys.signed_tokens, s.signed_tokens);
  take(keys.sampling_rate, s.sampling_rate);
  take(keys.spatial_audio, s.spatial_audio);
  take(keys.audiolevel_ext, s.audiolevel_ext);
  take(keys.audiolevel_event, s.audiolevel_event);
  if (keys.audio_active_packets.value_or(0) > 0) s.audio_active_packets = *keys.audio_active_packets;
  if (keys.audio_level_average.value_or(0) > 0) s.audio_level_average = *keys.audio_level_average;
  if (keys.default_expectedloss.value_or(0) <= kMaxExpectedLoss) {
    take(keys.default_expectedloss, s.default_expectedloss);
  }
  s.default_bitrate = usable_bitrate(keys.default_bitrate.value_or(0));
  take(keys.record, s.record);
  take(keys.record_file, s.record_file);
  take(keys.record_dir, s.record_dir);
  take(keys.mjrs, s.mjrs);
  take(keys.mjrs_dir, s.mjrs_dir);
  take(keys.allow_rtp_participants, s.allow_rtp_participants);
}

void add_if(config::Entries& out, std::string_view key, const std::string& text) {
  if (!text.empty()) out.emplace_back(key, text);
}
void add_if(config::Entries& out, std::string_view key, const std::optional<std::string>& text) {
  if (text) out.emplace_back(key, *text);
}
void add_if(config::Entries& out, std::string_view key, bool value) {
  if (value) out.emplace_back(key, true);
}

}  // namespace

std::optional<size_t> RoomSettings::group(const std::string& name) const {
  auto found = std::ranges::find(groups, name);
  if (found == groups.end()) return std::nullopt;
  return static_cast<size_t>(found - groups.begin());
}

bool is_sampling_rate(uint32_t rate) {
  return std::ranges::find(kRates, rate) != kRates.end();
}

uint32_t usable_bitrate(uint64_t bps) {
  return bps >= kMinBitrate && bps <= kMaxBitrate ? static_cast<uint32_t>(bps) : 0;
}

BridgeResult<RoomSettings> settings_from_request(const RoomKeys& keys) {
  RoomSettings s;
  take_all(keys, s);
  if (is_sampling_rate(s.sampling_rate)) return s;
  return refuse(ErrorCode::unknown, "Unsupported sampling rate {}", s.sampling_rate);
}

std::optional<RoomSettings> settings_from_config(const RoomKeys& keys, const config::Node& group,
                                                 config::Findings& findings) {
  auto warn = [&](std::string text) {
    findings.warnings.push_back(
        fmt::format("{}:{}: room '{}': {}", group.place.file, group.place.line, group.name, text));
  };
  if (!keys.sampling_rate || !is_sampling_rate(*keys.sampling_rate)) {
    warn("left out: sampling_rate must be 8000, 12000, 16000, 24000 or 48000");
    return std::nullopt;
  }
  RoomSettings s;
  take_all(keys, s);
  if (keys.default_expectedloss.value_or(0) > kMaxExpectedLoss) warn("default_expectedloss should be from 0 to 20");
  if (keys.default_bitrate.value_or(0) != s.default_bitrate) warn("default_bitrate should be from 500 to 512000");
  if (const config::Node* names = group.find("groups")) {
    for (const config::Node& name : names->children) {
      if (s.groups.size() == kMaxGroups) {
        warn("only the first 5 groups are taken");
        break;
      }
      if (!name.value.empty()) s.groups.push_back(name.value);
    }
  }
  return s;
}

config::Entries room_entries(const RoomSettings& s) {
  config::Entries out;
  out.emplace_back("description", s.description);
  add_if(out, "is_private", s.is_private);
  out.emplace_back("sampling_rate", int64_t{s.sampling_rate});
  add_if(out, "secret", s.secret);
  add_if(out, "pin", s.pin);
  add_if(out, "signed_tokens", s.signed_tokens);
  out.emplace_back("audiolevel_ext", s.audiolevel_ext);
  add_if(out, "audiolevel_event", s.audiolevel_event);
  if (s.audiolevel_event) {
    out.emplace_back("audio_active_packets", int64_t{s.audio_active_packets});
    out.emplace_back("audio_level_average", int64_t{s.audio_level_average});
  }
  add_if(out, "allow_rtp_participants", s.allow_rtp_participants);
  if (!s.groups.empty()) out.emplace_back("groups", s.groups);
  add_if(out, "record", s.record);
  add_if(out, "record_file", s.record_file);
  add_if(out, "record_dir", s.record_dir);
  add_if(out, "mjrs", s.mjrs);
  add_if(out, "mjrs_dir", s.mjrs_dir);
  add_if(out, "spatial_audio", s.spatial_audio);
  return out;
}

}  // namespace limen::audiobridge
