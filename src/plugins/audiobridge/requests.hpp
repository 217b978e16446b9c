// The described requests of AudioBridge, one struct per verb or family of verbs (contract, 3 and 4).
//
// Ids are read apart (ids.hpp), because their type depends on `string_ids`.
#pragma once
#include <cstdint>
#include <optional>
#include <string>

#include "api/json.hpp"

namespace limen::audiobridge {

struct AnyRequest {
  std::string request;
};
template <typename V>
void describe(V& v, AnyRequest& r) {
  v.field("request", r.request, "What to do");
}

struct CreateExtras {
  std::optional<uint32_t> sampling;
  std::optional<JsonArray> allowed, groups;
  std::optional<bool> permanent;
};
template <typename V>
void describe(V& v, CreateExtras& r) {
  v.field("sampling", r.sampling, "Another name of sampling_rate");
  v.field("allowed", r.allowed, "Tokens that may join");
  v.field("groups", r.groups, "Names of groups");
  v.field("permanent", r.permanent, "Write it into the configuration file, too");
}

struct EditRequest {
  std::optional<std::string> description, secret, pin, record_dir, mjrs_dir;
  std::optional<bool> is_private, permanent;
};
template <typename V>
void describe(V& v, EditRequest& r) {
  v.field("new_description", r.description, "New description");
  v.field("new_secret", r.secret, "New secret");
  v.field("new_pin", r.pin, "New pin; empty: none");
  v.field("new_is_private", r.is_private, "List the room no more, or again");
  v.field("new_record_dir", r.record_dir, "Folder of WAV files from now on");
  v.field("new_mjrs_dir", r.mjrs_dir, "Folder of participants' recordings from now on");
  v.field("permanent", r.permanent, "Change the configuration file, too");
}

struct DestroyRequest {
  std::optional<bool> permanent;
};
template <typename V>
void describe(V& v, DestroyRequest& r) {
  v.field("permanent", r.permanent, "Remove it from the configuration file, too");
}

struct RecordRequest {
  bool record = false;
  std::optional<std::string> record_file, record_dir;
};
template <typename V>
void describe(V& v, RecordRequest& r) {
  v.field("record", r.record, "Record the mix");
  v.field("record_file", r.record_file, "Name of the file");
  v.field("record_dir", r.record_dir, "Its folder");
}

struct MjrsRequest {
  bool mjrs = false;
  std::optional<std::string> mjrs_dir;
};
template <typename V>
void describe(V& v, MjrsRequest& r) {
  v.field("mjrs", r.mjrs, "Record everybody");
  v.field("mjrs_dir", r.mjrs_dir, "Folder of the recordings");
}

struct AllowedRequest {
  std::string action;
  std::optional<JsonArray> allowed;
};
template <typename V>
void describe(V& v, AllowedRequest& r) {
  v.field("action", r.action, "enable, disable, add, remove");
  v.field("allowed", r.allowed, "Tokens");
}

struct SuspendRequest {
  std::optional<bool> pause_events, stop_record, record;
  std::optional<std::string> filename;
};
template <typename V>
void describe(V& v, SuspendRequest& r) {
  v.field("pause_events", r.pause_events, "No events while suspended");
  v.field("stop_record", r.stop_record, "End the participant's recording");
  v.field("record", r.record, "Record the participant again");
  v.field("filename", r.filename, "Base name of that recording");
}

struct ForwardRequest {
  std::string host;
  std::optional<std::string> host_family, codec, group, srtp_crypto;
  uint16_t port = 0;
  std::optional<uint32_t> ssrc, srtp_suite;
  std::optional<uint32_t> ptype;
  std::optional<bool> always_on;
};
template <typename V>
void describe(V& v, ForwardRequest& r) {
  v.field("ssrc", r.ssrc, "SSRC, the forwarder's id if left out");
  v.field("codec", r.codec, "opus, pcma or pcmu");
  v.field("ptype", r.ptype, "Payload type");
  v.field("group", r.group, "Only this group");
  v.field("port", r.port, "Port of the receiver");
  v.field("host", r.host, "Where to send");
  v.field("host_family", r.host_family, "ipv4 or ipv6");
  v.field("srtp_suite", r.srtp_suite, "32 or 80");
  v.field("srtp_crypto", r.srtp_crypto, "Key and salt in base64");
  v.field("always_on", r.always_on, "Send silence when nobody is there");
}

struct StopForwardRequest {
  uint32_t stream_id = 0;
};
template <typename V>
void describe(V& v, StopForwardRequest& r) {
  v.field("stream_id", r.stream_id, "Which forwarder");
}

struct PlayRequest {
  std::string filename;
  std::optional<std::string> file_id, group;
  std::optional<bool> loop;
};
template <typename V>
void describe(V& v, PlayRequest& r) {
  v.field("filename", r.filename, "An Ogg Opus file");
  v.field("file_id", r.file_id, "How to call it");
  v.field("group", r.group, "Where it is heard; mandatory in rooms with groups");
  v.field("loop", r.loop, "Begin again at the end");
}

struct FileRequest {
  std::string file_id;
};
template <typename V>
void describe(V& v, FileRequest& r) {
  v.field("file_id", r.file_id, "Which file");
}

// What join, changeroom and configure have in common.
struct MediaRequest {
  std::optional<std::string> display, group, filename;
  std::optional<bool> muted, record, generate_offer, update;
  std::optional<uint64_t> bitrate, quality, expected_loss, volume, spatial_position;
  std::optional<JsonObject> rtp;
};
template <typename V>
void describe(V& v, MediaRequest& r) {
  v.field("display", r.display, "Name to show");
  v.field("group", r.group, "Group to be in");
  v.field("muted", r.muted, "Not to be heard");
  v.field("bitrate", r.bitrate, "Bits per second of what is received");
  v.field("quality", r.quality, "Complexity of the encoder, 1 to 10");
  v.field("expected_loss", r.expected_loss, "Per cent of loss to prepare for, 0 to 20");
  v.field("volume", r.volume, "Per cent of how loud to be heard");
  v.field("spatial_position", r.spatial_position, "0 left to 100 right");
  v.field("record", r.record, "Record this participant");
  v.field("filename", r.filename, "Base name of the recording");
  v.field("generate_offer", r.generate_offer, "The plugin makes the offer");
  v.field("update", r.update, "A new offer of the plugin");
  v.field("rtp", r.rtp, "Plain RTP instead of WebRTC");
}

struct JoinExtras {
  std::optional<std::string> token, codec;
  std::optional<bool> suspended, pause_events;
  std::optional<uint32_t> audio_level_average, audio_active_packets;
};
template <typename V>
void describe(V& v, JoinExtras& r) {
  v.field("token", r.token, "What allows to join");
  v.field("codec", r.codec, "opus, pcmu or pcma");
  v.field("suspended", r.suspended, "Join without hearing and being heard");
  v.field("pause_events", r.pause_events, "No events while suspended");
  v.field("audio_active_packets", r.audio_active_packets, "Packets that decide whether somebody talks");
  v.field("audio_level_average", r.audio_level_average, "Average level that is talking, 127: silence");
}

}  // namespace limen::audiobridge
