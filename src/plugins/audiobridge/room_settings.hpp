// RoomSettings: what a room is like; RoomKeys: the same as configuration and `create` spell it.
//
// Plain values, any thread. Contract, sections 2.2 and 3.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "config/category_edit.hpp"
#include "config/describe.hpp"
#include "plugins/audiobridge/errors.hpp"

namespace limen::audiobridge {

inline constexpr size_t kMaxGroups = 5;
inline constexpr uint32_t kMaxExpectedLoss = 20;  // per cent
inline constexpr uint32_t kMinBitrate = 500, kMaxBitrate = 512000;
inline constexpr uint32_t kDefaultRate = 16000;

struct RoomKeys {
  std::optional<std::string> description, secret, pin, record_file, record_dir, mjrs_dir;
  std::optional<bool> is_private, signed_tokens, spatial_audio, audiolevel_ext, audiolevel_event, record, mjrs,
      allow_rtp_participants;
  std::optional<uint32_t> sampling_rate, audio_active_packets, audio_level_average, default_expectedloss,
      default_bitrate;
};

// Order matters: it is the order of validation.
template <typename V>
void describe(V& v, RoomKeys& r) {
  v.field("description", r.description, "What people call the room");
  v.field("is_private", r.is_private, "Left out of lists");
  v.field("secret", r.secret, "Needed to manage the room");
  v.field("pin", r.pin, "Needed to join");
  v.field("signed_tokens", r.signed_tokens, "Joining needs a signed token that names the room");
  v.field("sampling_rate", r.sampling_rate, "Of the mix: 8000, 12000, 16000, 24000 or 48000").legacy("sampling");
  v.field("spatial_audio", r.spatial_audio, "Stereo mix, everybody has a place in it");
  v.field("record", r.record, "Write the mix into a WAV file");
  v.field("record_file", r.record_file, "Name of that file");
  v.field("record_dir", r.record_dir, "Its folder");
  v.field("mjrs", r.mjrs, "Record every participant");
  v.field("mjrs_dir", r.mjrs_dir, "Folder of these recordings");
  v.field("allow_rtp_participants", r.allow_rtp_participants, "Take participants that speak plain RTP");
  v.field("audiolevel_ext", r.audiolevel_ext, "Take audio levels from participants");
  v.field("audiolevel_event", r.audiolevel_event, "Tell who talks");
  v.field("audio_active_packets", r.audio_active_packets, "Packets that decide whether somebody talks");
  v.field("audio_level_average", r.audio_level_average, "Average level that is talking, 127: silence");
  v.field("default_expectedloss", r.default_expectedloss, "Per cent of loss the encoders prepare for, 0 to 20");
  v.field("default_bitrate", r.default_bitrate, "Bits per second of the encoders, 500 to 512000");
}

// The one forwarder that a room of the configuration file may have.
struct StaticForward {
  std::optional<uint32_t> rtp_forward_id, rtp_forward_ssrc, rtp_forward_ptype, rtp_forward_srtp_suite;
  std::optional<uint16_t> rtp_forward_port;
  std::optional<std::string> rtp_forward_host, rtp_forward_host_family, rtp_forward_codec, rtp_forward_group,
      rtp_forward_srtp_crypto;
  std::optional<bool> rtp_forward_always_on;
};
template <typename V>
void describe(V& v, StaticForward& r) {
  v.field("rtp_forward_id", r.rtp_forward_id, "Id of the forwarder");
  v.field("rtp_forward_host", r.rtp_forward_host, "Where the mix is sent");
  v.field("rtp_forward_host_family", r.rtp_forward_host_family, "ipv4 or ipv6");
  v.field("rtp_forward_port", r.rtp_forward_port, "Port of the receiver");
  v.field("rtp_forward_ssrc", r.rtp_forward_ssrc, "SSRC, the forwarder's id if left out");
  v.field("rtp_forward_codec", r.rtp_forward_codec, "opus, pcma or pcmu");
  v.field("rtp_forward_ptype", r.rtp_forward_ptype, "Payload type");
  v.field("rtp_forward_group", r.rtp_forward_group, "Only this group");
  v.field("rtp_forward_srtp_suite", r.rtp_forward_srtp_suite, "32 or 80");
  v.field("rtp_forward_srtp_crypto", r.rtp_forward_srtp_crypto, "Key and salt in base64");
  v.field("rtp_forward_always_on", r.rtp_forward_always_on, "Send silence when nobody is there");
}

struct RoomSettings {
  std::string description;
  bool is_private = false;
  std::optional<std::string> secret, pin;
  bool signed_tokens = false;
  uint32_t sampling_rate = kDefaultRate;
  bool spatial_audio = false;
  bool audiolevel_ext = true, audiolevel_event = false;
  uint32_t audio_active_packets = 100, audio_level_average = 25;
  uint32_t default_expectedloss = 0;
  uint32_t default_bitrate = 0;  // 0: the encoder decides
  bool record = false;           // the state, too
  std::string record_file, record_dir;
  bool mjrs = false;
  std::string mjrs_dir;
  bool allow_rtp_participants = false;
  std::vector<std::string> groups;
  StaticForward forward;  // from the configuration file only

  uint8_t channels() const { return spatial_audio ? 2 : 1; }
  // Where G.711 can be resampled to.
  bool takes_g711() const { return sampling_rate != 12000; }
  // The index of a group; nullopt: there is none of that name.
  std::optional<size_t> group(const std::string& name) const;
};

bool is_sampling_rate(uint32_t rate);
// What an encoder is told: 0 unless it is a bitrate.
uint32_t usable_bitrate(uint64_t bps);

BridgeResult<RoomSettings> settings_from_request(const RoomKeys& keys);
// Unusable values are told of and replaced; nullopt: the room cannot be.
std::optional<RoomSettings> settings_from_config(const RoomKeys& keys, const config::Node& group,
                                                 config::Findings& findings);
// What a permanent room's category says.
config::Entries room_entries(const RoomSettings& settings);

}  // namespace limen::audiobridge
