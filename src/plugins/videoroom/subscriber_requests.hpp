// The described requests of subscribers (contract, section 5). Feeds are read apart (ids.hpp).
#pragma once
#include <cstdint>
#include <optional>
#include <string>

#include "api/request_reader.hpp"

namespace limen::videoroom {

// Which layers, of simulcast and SVC alike.
struct LayerWish {
  std::optional<uint32_t> substream, temporal, fallback, spatial_layer, temporal_layer;
  bool any() const { return substream || temporal || spatial_layer || temporal_layer; }
};
template <typename V, typename Wish>
void describe_layers(V& v, Wish& r) {
  v.field("substream", r.substream, "Simulcast substream, 0 to 2");
  v.field("temporal", r.temporal, "Temporal layer, 0 to 2");
  v.field("spatial_layer", r.spatial_layer, "SVC spatial layer, 0 to 2");
  v.field("temporal_layer", r.temporal_layer, "SVC temporal layer, 0 to 2");
}
template <typename V, typename Fallback>
void describe_fallback(V& v, Fallback& fallback) {
  v.field("fallback", fallback, "Microseconds before a lower substream is taken");
}

struct JoinAsSubscriber {
  std::optional<uint32_t> private_id;
  std::optional<JsonArray> streams;
  Lenient<bool> use_msid;
  std::optional<bool> autoupdate, client_offer, audio, video, data, offer_audio, offer_video, offer_data;
  LayerWish layers;
};
template <typename V>
void describe(V& v, JoinAsSubscriber& r) {
  v.field("streams", r.streams, "What to subscribe to");
  v.field("private_id", r.private_id, "Which participant this is");
  v.field("use_msid", r.use_msid, "Offers name the publisher");
  v.field("autoupdate", r.autoupdate, "Offer again when a publisher goes");
  v.field("client_offer", r.client_offer, "The request carries an offer, which is answered");
  v.field("audio", r.audio, "Accepted and not used");
  v.field("video", r.video, "Accepted and not used");
  v.field("data", r.data, "Accepted and not used");
  v.field("offer_audio", r.offer_audio, "Old form: with audio");
  v.field("offer_video", r.offer_video, "Old form: with video");
  v.field("offer_data", r.offer_data, "Old form: with data");
  describe_layers(v, r.layers);
  describe_fallback(v, r.layers.fallback);
}

// An entry of `streams` in join, subscribe and update.
struct SubscribeEntry {
  std::optional<std::string> mid, crossrefid;
  std::optional<bool> send;
  LayerWish layers;           // but the fallback
  Lenient<int64_t> fallback;  // negative: as if it was not there
  std::optional<int32_t> min_delay, max_delay;
};
template <typename V>
void describe(V& v, SubscribeEntry& r) {
  v.field("mid", r.mid, "One stream of the feed");
  v.field("crossrefid", r.crossrefid, "The application's own name of it");
  v.field("send", r.send, "Relay it");
  describe_layers(v, r.layers);
  describe_fallback(v, r.fallback);
  v.field("min_delay", r.min_delay, "Playout delay, units of 10 ms");
  v.field("max_delay", r.max_delay, "Playout delay, units of 10 ms");
}

struct UnsubscribeEntry {
  std::optional<std::string> mid, sub_mid;
};
template <typename V>
void describe(V& v, UnsubscribeEntry& r) {
  v.field("mid", r.mid, "One stream of the feed");
  v.field("sub_mid", r.sub_mid, "One m-line of the subscription");
}

struct SubscribeRequest {
  JsonArray streams;
};
template <typename V>
void describe(V& v, SubscribeRequest& r) {
  v.field("streams", r.streams, "What to add or remove");
}

struct UpdateRequest {
  std::optional<JsonArray> subscribe, unsubscribe;
};
template <typename V>
void describe(V& v, UpdateRequest& r) {
  v.field("subscribe", r.subscribe, "What to add");
  v.field("unsubscribe", r.unsubscribe, "What to remove");
}

struct SwitchEntry {
  std::string mid, sub_mid;
  LayerWish layers;
};
template <typename V>
void describe(V& v, SwitchEntry& r) {
  v.field("mid", r.mid, "Stream of the feed");
  v.field("sub_mid", r.sub_mid, "M-line of the subscription that shows it from now on");
  describe_layers(v, r.layers);
  describe_fallback(v, r.layers.fallback);
}

struct SwitchRequest {
  std::optional<JsonArray> streams;
};
template <typename V>
void describe(V& v, SwitchRequest& r) {
  v.field("streams", r.streams, "What to show where");
}

// An entry of `streams` in a subscriber's configure.
struct ConfigureEntry {
  std::optional<std::string> mid;
  std::optional<bool> send;
  LayerWish layers;
  std::optional<int32_t> min_delay, max_delay;
};
template <typename V>
void describe(V& v, ConfigureEntry& r) {
  v.field("mid", r.mid, "M-line of the subscription");
  v.field("send", r.send, "Relay it");
  describe_layers(v, r.layers);
  describe_fallback(v, r.layers.fallback);
  v.field("min_delay", r.min_delay, "Playout delay, units of 10 ms");
  v.field("max_delay", r.max_delay, "Playout delay, units of 10 ms");
}

// The same at top level, where types are not checked.
struct ConfigureSingle {
  Lenient<std::string> mid;
  Lenient<bool> send;
  struct {
    Lenient<uint32_t> substream, temporal, fallback, spatial_layer, temporal_layer;
  } layers;
  Lenient<int32_t> min_delay, max_delay;

  ConfigureEntry entry() const {
    return {.mid = mid,
            .send = send,
            .layers = {.substream = layers.substream,
                       .temporal = layers.temporal,
                       .fallback = layers.fallback,
                       .spatial_layer = layers.spatial_layer,
                       .temporal_layer = layers.temporal_layer},
            .min_delay = min_delay,
            .max_delay = max_delay};
  }
};
template <typename V>
void describe(V& v, ConfigureSingle& r) {
  v.field("mid", r.mid, "M-line of the subscription");
  v.field("send", r.send, "Relay it");
  describe_layers(v, r.layers);
  describe_fallback(v, r.layers.fallback);
  v.field("min_delay", r.min_delay, "Playout delay, units of 10 ms");
  v.field("max_delay", r.max_delay, "Playout delay, units of 10 ms");
}

struct ConfigureSubscriber {
  ConfigureSingle single;
  std::optional<JsonArray> streams;
  std::optional<bool> audio, video, data, restart, update;
};
template <typename V>
void describe(V& v, ConfigureSubscriber& r) {
  v.field("streams", r.streams, "Settings of streams");
  v.field("audio", r.audio, "Relay audio");
  v.field("video", r.video, "Relay video");
  v.field("data", r.data, "Relay data");
  v.field("restart", r.restart, "Offer again, with new ICE credentials");
  v.field("update", r.update, "Offer again");
  describe(v, r.single);
}

}  // namespace limen::videoroom
