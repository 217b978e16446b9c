// RoomSettings: what a room is like; RoomKeys: the same as configuration and `create` spell it.
//
// Plain values, any thread. Contract, sections 1.2 and 3.1.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "api/json.hpp"
#include "config/category_edit.hpp"
#include "config/describe.hpp"
#include "plugins/videoroom/errors.hpp"
#include "wire/codec/codec.hpp"

namespace limen::videoroom {

inline constexpr size_t kMaxCodecs = 5;  // of each kind and room
inline constexpr uint32_t kDefaultPublishers = 3;
inline constexpr uint32_t kLowestBitrate = 64000;

struct DummyStream {
  Codec codec = Codec::unknown;
  std::string fmtp;
};

struct RoomKeys {
  std::optional<std::string> description, secret, pin, audiocodec, videocodec, vp9_profile, h264_profile, rec_dir;
  std::optional<bool> is_private, require_pvtid, signed_tokens, bitrate_cap, opus_fec, opus_dtx, audiolevel_ext,
      audiolevel_event, videoorient_ext, playoutdelay_ext, transport_wide_cc_ext, record, lock_record, notify_joining,
      require_e2ee, dummy_publisher, dummy_e2ee, video_svc;
  std::optional<uint32_t> publishers, bitrate, fir_freq, audio_active_packets, audio_level_average, threads;
};

// Order matters: it is the order of validation.
template <typename V>
void describe(V& v, RoomKeys& r) {
  v.field("description", r.description, "What people call the room");
  v.field("is_private", r.is_private, "Left out of lists");
  v.field("secret", r.secret, "Needed to manage the room");
  v.field("pin", r.pin, "Needed to join");
  v.field("require_pvtid", r.require_pvtid, "Subscribers must name a participant's private id");
  v.field("signed_tokens", r.signed_tokens, "Joining needs a signed token that names the room");
  v.field("bitrate", r.bitrate, "Bits per second each publisher may send, 0: any");
  v.field("bitrate_cap", r.bitrate_cap, "Told in lists");
  v.field("fir_freq", r.fir_freq, "Seconds between requested key frames, 0: only when needed");
  v.field("publishers", r.publishers, "Publishers at the same time");
  v.field("audiocodec", r.audiocodec, "Audio codecs, best first");
  v.field("videocodec", r.videocodec, "Video codecs, best first");
  v.field("vp9_profile", r.vp9_profile, "VP9 profile to prefer");
  v.field("h264_profile", r.h264_profile, "H.264 profile to prefer");
  v.field("opus_fec", r.opus_fec, "Opus forward error correction");
  v.field("opus_dtx", r.opus_dtx, "Opus silence suppression");
  v.field("video_svc", r.video_svc, "VP9 comes in layers, also if offers do not say so");
  v.field("audiolevel_ext", r.audiolevel_ext, "Take audio levels from publishers");
  v.field("audiolevel_event", r.audiolevel_event, "Tell who talks");
  v.field("audio_active_packets", r.audio_active_packets, "Packets that decide whether somebody talks");
  v.field("audio_level_average", r.audio_level_average, "Average level that is talking, 127: silence");
  v.field("videoorient_ext", r.videoorient_ext, "Take the orientation of video from publishers");
  v.field("playoutdelay_ext", r.playoutdelay_ext, "Take playout delays from publishers");
  v.field("transport_wide_cc_ext", r.transport_wide_cc_ext, "Use transport-wide congestion control");
  v.field("record", r.record, "Record every publisher");
  v.field("rec_dir", r.rec_dir, "Folder of the recordings");
  v.field("lock_record", r.lock_record, "Recording needs the secret");
  v.field("notify_joining", r.notify_joining, "Tell everybody of who joins");
  v.field("require_e2ee", r.require_e2ee, "Only end-to-end encrypted media");
  v.field("dummy_publisher", r.dummy_publisher, "A publisher that sends nothing, to subscribe to in advance");
  v.field("dummy_e2ee", r.dummy_e2ee, "The dummy publisher counts as encrypted");
  v.field("threads", r.threads, "Accepted and not used: media is spread over the server's loops");
}

struct RoomSettings {
  std::string description;
  bool is_private = false;
  std::optional<std::string> secret, pin;
  bool require_pvtid = false, signed_tokens = false;
  uint32_t publishers = kDefaultPublishers;
  uint32_t bitrate = 0;
  bool bitrate_cap = false;
  uint16_t fir_freq = 0;
  std::vector<Codec> audio{Codec::opus}, video{Codec::vp8};
  std::string vp9_profile, h264_profile;
  bool opus_fec = true, opus_dtx = false;
  bool video_svc = false;  // VP9 of clients that do not tell of their layers
  bool audiolevel_ext = true, audiolevel_event = false;
  uint32_t audio_active_packets = 100, audio_level_average = 25;
  bool videoorient_ext = true, playoutdelay_ext = true, transport_wide_cc_ext = true;
  bool record = false, lock_record = false;
  std::string rec_dir;
  bool notify_joining = false, require_e2ee = false;
  bool dummy_publisher = false, dummy_e2ee = false;
  bool dummy_limited = false;              // else a stream of each codec
  std::vector<DummyStream> dummy_streams;  // what the room can have of those that were asked for
  uint32_t threads = 0;

  bool takes(Codec codec) const;
};

uint32_t floored_bitrate(uint32_t bps);
std::string codec_list(const std::vector<Codec>& codecs);
// Unknown codec names are refused (430).
RoomResult<RoomSettings> settings_from_request(const RoomKeys& keys, const JsonObject& body);
// Unknown codec names are told to `warn` and left out.
RoomSettings settings_from_config(const RoomKeys& keys, const config::Node& group, config::Findings& findings);
// What a permanent room's category says.
config::Entries room_entries(const RoomSettings& settings);

}  // namespace limen::videoroom
