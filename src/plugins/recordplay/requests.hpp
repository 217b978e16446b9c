// The described requests of RecordPlay (contract, sections 4 and 5). Plain values, any thread.
#pragma once
#include <cstdint>
#include <optional>
#include <string>

#include "api/request_reader.hpp"

namespace limen::recordplay {

struct AnyRequest {
  std::string request;
};
template <typename V>
void describe(V& v, AnyRequest& r) {
  v.field("request", r.request, "What to do");
}

struct AdminRequest {
  Lenient<std::string> admin_key;
};
template <typename V>
void describe(V& v, AdminRequest& r) {
  v.field("admin_key", r.admin_key, "Shows private recordings; needed for updates, if configured");
}

struct ConfigureRequest {
  std::optional<uint32_t> bitrate_max, keyframe_interval;
};
template <typename V>
void describe(V& v, ConfigureRequest& r) {
  v.field("video-bitrate-max", r.bitrate_max, "Bits per second that the sender is told, 0 for none");
  v.field("video-keyframe-interval", r.keyframe_interval, "Milliseconds between requests for key frames, 0 for none");
}

struct RecordRequest {
  std::string name;
  std::optional<uint64_t> id;
  std::optional<bool> is_private;
  std::optional<std::string> filename, audiocodec, videocodec, videoprofile;
  std::optional<bool> opusred, textdata, update;
};
template <typename V>
void describe(V& v, RecordRequest& r) {
  v.field("name", r.name, "What people call the recording");
  v.field("id", r.id, "Its number; drawn if absent");
  v.field("is_private", r.is_private, "Listed only for who has the key");
  v.field("filename", r.filename, "Base name of the files");
  v.field("audiocodec", r.audiocodec, "Codec to record");
  v.field("videocodec", r.videocodec, "Codec to record");
  v.field("videoprofile", r.videoprofile, "VP9 or H.264 profile");
  v.field("opusred", r.opusred, "Take redundant audio");
  v.field("textdata", r.textdata, "Data messages are text");
  v.field("update", r.update, "Renegotiates an ongoing recording");
}

struct PlayRequest {
  uint64_t id = 0;
  std::optional<bool> restart;
};
template <typename V>
void describe(V& v, PlayRequest& r) {
  v.field("id", r.id, "Which recording");
  v.field("restart", r.restart, "Restarts ICE of an ongoing playout");
}

}  // namespace limen::recordplay
