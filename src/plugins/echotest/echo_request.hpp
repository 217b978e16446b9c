// The one request of EchoTest (spec plugin-echotest, section 3). Plain values.
#pragma once
#include <cstdint>
#include <expected>
#include <optional>
#include <string>

#include "api/json.hpp"

namespace limen::echotest {

enum class EchoErrorCode : int { no_message = 411, invalid_json = 412, invalid_element = 413, invalid_sdp = 414 };

struct EchoError {
  EchoErrorCode code;
  std::string text;
};

struct EchoRequest {
  std::optional<bool> audio, video;
  std::optional<uint64_t> bitrate;
  std::optional<bool> record;
  std::optional<std::string> filename;
  std::optional<uint32_t> substream, temporal, fallback;
  std::optional<bool> svc;
  std::optional<uint32_t> spatial_layer, temporal_layer;
  std::optional<std::string> audiocodec, videocodec, videoprofile;
  std::optional<bool> opusred;
  std::optional<int32_t> min_delay, max_delay;

  // Is there anything that counts as a request (without a description)?
  bool effective() const;
};

// Order matters: it is the order of validation.
template <typename V>
void describe(V& v, EchoRequest& r) {
  v.field("audio", r.audio, "Send the audio back");
  v.field("video", r.video, "Send the video back");
  v.field("bitrate", r.bitrate, "Bitrate cap in bits per second, 0 for none");
  v.field("record", r.record, "Start or stop recording");
  v.field("filename", r.filename, "Base name of the recordings");
  v.field("substream", r.substream, "Simulcast substream to send back, 0 to 2");
  v.field("temporal", r.temporal, "Temporal layer to send back, 0 to 2");
  v.field("fallback", r.fallback, "Microseconds before a lower substream is taken");
  v.field("svc", r.svc, "Accepted and not used");
  v.field("spatial_layer", r.spatial_layer, "SVC spatial layer, 0 to 2");
  v.field("temporal_layer", r.temporal_layer, "SVC temporal layer, 0 to 2");
  v.field("audiocodec", r.audiocodec, "Audio codec to answer with");
  v.field("videocodec", r.videocodec, "Video codec to answer with");
  v.field("videoprofile", r.videoprofile, "VP9 or H.264 profile to answer with");
  v.field("opusred", r.opusred, "Accept redundant audio");
  v.field("min_delay", r.min_delay, "Playout delay to write back, units of 10 ms");
  v.field("max_delay", r.max_delay, "Playout delay to write back, units of 10 ms");
}

// Types only; ranges are looked at later, after the description.
std::expected<EchoRequest, EchoError> read_echo_request(const JsonObject& body);
std::optional<EchoError> range_error(const EchoRequest& request);

}  // namespace limen::echotest
