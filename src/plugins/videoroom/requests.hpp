// The described requests of VideoRoom, one struct per verb or family of verbs (contract, 3 to 7).
//
// Ids are read apart (ids.hpp), because their type depends on `string_ids`; so are arrays of streams.
#pragma once
#include <cstdint>
#include <optional>
#include <string>

#include "api/request_reader.hpp"
#include "plugins/videoroom/errors.hpp"

namespace limen::videoroom {

struct AnyRequest {
  std::string request;
};
template <typename V>
void describe(V& v, AnyRequest& r) {
  v.field("request", r.request, "What to do");
}

struct EditRequest {
  std::optional<std::string> secret, description, new_secret, pin, rec_dir;
  std::optional<bool> is_private, require_pvtid, lock_record, permanent;
  std::optional<uint32_t> bitrate, fir_freq, publishers;
};
template <typename V>
void describe(V& v, EditRequest& r) {
  v.field("new_description", r.description, "New description");
  v.field("new_is_private", r.is_private, "List the room no more, or again");
  v.field("new_secret", r.new_secret, "New secret");
  v.field("new_pin", r.pin, "New pin");
  v.field("new_require_pvtid", r.require_pvtid, "Subscribers need a private id");
  v.field("new_bitrate", r.bitrate, "Cap of those who join from now on");
  v.field("new_fir_freq", r.fir_freq, "Seconds between key frames");
  v.field("new_publishers", r.publishers, "Publishers at the same time");
  v.field("new_lock_record", r.lock_record, "Recording needs the secret");
  v.field("new_rec_dir", r.rec_dir, "Folder of recordings");
  v.field("permanent", r.permanent, "Change the configuration file, too");
}

struct DestroyRequest {
  std::optional<bool> permanent;
};
template <typename V>
void describe(V& v, DestroyRequest& r) {
  v.field("permanent", r.permanent, "Remove it from the configuration file, too");
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

struct ModerateRequest {
  std::string mid;
  bool mute = false;
};
template <typename V>
void describe(V& v, ModerateRequest& r) {
  v.field("mid", r.mid, "Which stream");
  v.field("mute", r.mute, "Mute or unmute it");
}

struct RecordingRequest {
  bool record = false;
};
template <typename V>
void describe(V& v, RecordingRequest& r) {
  v.field("record", r.record, "Record everybody");
}

struct JoinRequest {
  std::string ptype;
  std::optional<bool> audio, video, data, record;
  std::optional<uint32_t> bitrate;
  std::optional<std::string> filename, token;
};
template <typename V>
void describe(V& v, JoinRequest& r) {
  v.field("ptype", r.ptype, "publisher or subscriber");
  v.field("audio", r.audio, "Publish audio");
  v.field("video", r.video, "Publish video");
  v.field("data", r.data, "Publish data");
  v.field("bitrate", r.bitrate, "Cap in bits per second");
  v.field("record", r.record, "Record this publisher");
  v.field("filename", r.filename, "Base name of recordings");
  v.field("token", r.token, "What allows to join");
}

struct JoinAsPublisher {
  std::optional<std::string> display;
  std::optional<JsonObject> metadata;
  Lenient<int32_t> audio_active_packets, audio_level_average;
  Lenient<JsonArray> descriptions;
};
template <typename V>
void describe(V& v, JoinAsPublisher& r) {
  v.field("display", r.display, "Name to show");
  v.field("metadata", r.metadata, "Anything the application wants to tell");
  v.field("audio_active_packets", r.audio_active_packets, "Own rule of talking");
  v.field("audio_level_average", r.audio_level_average, "Own rule of talking");
  v.field("descriptions", r.descriptions, "What the streams are");
}

// publish, configure and the second half of joinandconfigure.
struct PublishRequest {
  std::optional<bool> audio, video, data, record, update, restart, keyframe;
  Lenient<bool> send;
  std::optional<std::string> audiocodec, videocodec, filename, display, secret;
  Lenient<std::string> mid;
  std::optional<JsonObject> metadata;
  std::optional<uint32_t> bitrate, audio_active_packets;
  std::optional<Json> audio_level_average, streams;
  Lenient<int32_t> min_delay, max_delay;
  std::optional<JsonArray> descriptions;
};
template <typename V>
void describe(V& v, PublishRequest& r) {
  v.field("audio", r.audio, "Send audio");
  v.field("audiocodec", r.audiocodec, "Only this audio codec");
  v.field("video", r.video, "Send video");
  v.field("videocodec", r.videocodec, "Only this video codec");
  v.field("data", r.data, "Send data");
  v.field("bitrate", r.bitrate, "Cap in bits per second");
  v.field("keyframe", r.keyframe, "Ask for a key frame");
  v.field("record", r.record, "Record");
  v.field("filename", r.filename, "Base name of recordings");
  v.field("display", r.display, "Name to show");
  v.field("metadata", r.metadata, "Anything the application wants to tell");
  v.field("secret", r.secret, "The room's, where recording is locked");
  v.field("audio_active_packets", r.audio_active_packets, "Own rule of talking");
  v.field("audio_level_average", r.audio_level_average, "Own rule of talking; of any type, others are ignored");
  v.field("mid", r.mid, "Stream that send, keyframe and the delays are about");
  v.field("send", r.send, "Send it");
  v.field("min_delay", r.min_delay, "Playout delay, units of 10 ms");
  v.field("max_delay", r.max_delay, "Playout delay, units of 10 ms");
  v.field("update", r.update, "Accepted and not used");
  v.field("restart", r.restart, "Accepted and not used");
  v.field("descriptions", r.descriptions, "What the streams are");
  v.field("streams", r.streams, "Settings of streams; other types than an array are ignored");
}

// What joinandconfigure reads only with an offer.
struct WantedCodecs {
  std::optional<std::string> audiocodec, videocodec;
};
template <typename V>
void describe(V& v, WantedCodecs& r) {
  v.field("audiocodec", r.audiocodec, "Only this audio codec");
  v.field("videocodec", r.videocodec, "Only this video codec");
}

struct DescriptionEntry {
  std::string mid, description;
};
template <typename V>
void describe(V& v, DescriptionEntry& r) {
  v.field("mid", r.mid, "Which stream");
  v.field("description", r.description, "What it is");
}

// The refusal of the first bad entry.
RoomResult<> check_descriptions(const std::optional<JsonArray>& descriptions);

struct PublishStreamEntry {
  std::optional<std::string> mid;
  std::optional<bool> send, keyframe;
  std::optional<int32_t> min_delay, max_delay;
};
template <typename V>
void describe(V& v, PublishStreamEntry& r) {
  v.field("mid", r.mid, "Which stream");
  v.field("send", r.send, "Send it");
  v.field("keyframe", r.keyframe, "Ask for a key frame");
  v.field("min_delay", r.min_delay, "Playout delay, units of 10 ms");
  v.field("max_delay", r.max_delay, "Playout delay, units of 10 ms");
}

}  // namespace limen::videoroom
