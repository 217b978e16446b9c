// The described requests of viewers (contract, section 4).
#pragma once
#include <cstdint>
#include <optional>
#include <string>

#include "api/json.hpp"

namespace limen::streaming {

struct AnyRequest {
  std::string request;
};
template <typename V>
void describe(V& v, AnyRequest& r) {
  v.field("request", r.request, "What to do");
}

// Which layers of a video are wanted.
struct LayerWish {
  std::optional<uint32_t> substream, temporal, fallback, spatial_layer, temporal_layer;
};
template <typename V>
void describe(V& v, LayerWish& r) {
  v.field("substream", r.substream, "Simulcast: 0 to 2");
  v.field("temporal", r.temporal, "Temporal layer: 0 to 2");
  v.field("fallback", r.fallback, "Microseconds of silence before a lower substream is taken");
  v.field("spatial_layer", r.spatial_layer, "SVC: 0 to 2");
  v.field("temporal_layer", r.temporal_layer, "SVC: 0 to 2");
}

struct WatchRequest {
  std::optional<std::string> pin;  // its type; what it says is judged apart
  std::optional<JsonArray> media;
  std::optional<bool> restart, offer_audio, offer_video, offer_data;
  LayerWish layers;
};
template <typename V>
void describe(V& v, WatchRequest& r) {
  v.field("pin", r.pin, "Needed by some mountpoints");
  v.field("media", r.media, "Mids that are wanted");
  v.field("restart", r.restart, "ICE restart");
  v.field("offer_audio", r.offer_audio, "Offer audio");
  v.field("offer_video", r.offer_video, "Offer video");
  v.field("offer_data", r.offer_data, "Offer data");
  describe(v, r.layers);
}

struct ConfigureEntry {
  std::optional<std::string> mid;
  std::optional<bool> send, audio, video, data;
  std::optional<int64_t> min_delay, max_delay;
  LayerWish layers;
};
template <typename V>
void describe(V& v, ConfigureEntry& r) {
  v.field("mid", r.mid, "The stream; none: all");
  v.field("send", r.send, "Relay it");
  describe(v, r.layers);
  v.field("min_delay", r.min_delay, "Playout delay, units of 10 ms");
  v.field("max_delay", r.max_delay, "Playout delay, units of 10 ms");
  v.field("audio", r.audio, "Relay audio");
  v.field("video", r.video, "Relay video");
  v.field("data", r.data, "Relay data");
}

struct ConfigureStreams {
  std::optional<JsonArray> streams;
};
template <typename V>
void describe(V& v, ConfigureStreams& r) {
  v.field("streams", r.streams, "Several streams");
}

}  // namespace limen::streaming
