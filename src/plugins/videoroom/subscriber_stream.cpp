#include <algorithm>

#include "plugins/videoroom/publisher.hpp"
#include "plugins/videoroom/subscriber.hpp"

namespace limen::videoroom {
namespace {

void add_source(const PublishedStream& source, JsonObject& out) {
  const Publisher& feed = source.publisher;
  out["feed_id"] = feed.id().json();
  if (feed.identity().display) out["feed_display"] = *feed.identity().display;
  if (feed.identity().metadata) out["feed_metadata"] = *feed.identity().metadata;
  out["feed_mid"] = source.mid;
  if (source.description) out["feed_description"] = *source.description;
  out["codec"] = codec_name(source.codec);
  if (source.kind != MediaKind::video) return;
  if (!source.h264_profile.empty()) out["h264-profile"] = source.h264_profile;
  if (!source.vp9_profile.empty()) out["vp9-profile"] = source.vp9_profile;
}

void add_layers(const SubscriberStream& stream, const PublishedStream& source, JsonObject& out) {
  if (source.simulcast) {
    JsonObject layers{{"substream", stream.current.spatial},
                      {"substream-target", stream.spatial},
                      {"temporal-layer", stream.current.temporal},
                      {"temporal-layer-target", stream.temporal}};
    if (stream.fallback > 0) layers["fallback"] = stream.fallback;
    out["simulcast"] = std::move(layers);
  }
  if (source.svc) {
    out["svc"] = JsonObject{{"spatial-layer", stream.current.spatial},
                            {"target-spatial-layer", stream.spatial},
                            {"temporal-layer", stream.current.temporal},
                            {"target-temporal-layer", stream.temporal}};
  }
}

}  // namespace

void SubscriberStream::add(PublishedStream& source) {
  sources.push_back(&source);
  source.subscribers.push_back(this);
}

void SubscriberStream::remove(PublishedStream& source) {
  std::erase(sources, &source);
  std::erase(source.subscribers, this);
  if (!sources.empty()) return;
  ready = false;
  current = {};
}

void SubscriberStream::remove_all() {
  while (!sources.empty()) remove(*sources.back());
}

void SubscriberStream::reset_layers() {
  spatial = temporal = 2;
  current = {};
}

JsonObject SubscriberStream::summary() const {
  bool data = kind == MediaKind::data;
  JsonObject out{
      {"type", media_kind_name(kind)}, {"active", data || !sources.empty()}, {"mindex", mindex}, {"mid", mid}};
  if (crossrefid) out["crossrefid"] = *crossrefid;
  out["ready"] = ready;
  out["send"] = send;
  if (sources.empty()) return out;
  if (data) {
    JsonArray ids;
    for (const PublishedStream* source : sources) ids.push_back(source->publisher.id().json());
    out["sources"] = sources.size();
    out["source_ids"] = std::move(ids);
    return out;
  }
  add_source(*source(), out);
  if (kind == MediaKind::video && min_delay >= 0 && max_delay >= 0) {
    out["playout-delay"] = JsonObject{{"min-delay", min_delay}, {"max-delay", max_delay}};
  }
  add_layers(*this, *source(), out);
  return out;
}

}  // namespace limen::videoroom
