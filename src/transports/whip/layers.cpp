#include "transports/whip/layers.hpp"

#include <fmt/core.h>

#include <algorithm>

namespace limen::whip {
namespace {

constexpr int kHighest = 2;  // of the API

bool flag(const JsonObject& object, std::string_view key) {
  const Json* value = object.if_contains(key);
  return value != nullptr && value->is_bool() && value->get_bool();
}

const JsonArray* list(const JsonObject& object, std::string_view key) {
  const Json* value = object.if_contains(key);
  return value == nullptr ? nullptr : value->if_array();
}

std::expected<std::optional<int>, std::string> layer(const JsonObject& body, std::string_view key) {
  const Json* value = body.if_contains(key);
  if (value == nullptr || value->is_null()) return std::nullopt;
  if (!value->is_int64() || value->get_int64() < 0) return std::unexpected(fmt::format("{} is no layer", key));
  return static_cast<int>(std::min<int64_t>(value->get_int64(), kHighest));
}

// "0" is the smallest; an empty one lets the server choose.
std::expected<std::optional<int>, std::string> encoding(const JsonObject& body) {
  const Json* value = body.if_contains("encodingId");
  if (value == nullptr || value->is_null()) return std::nullopt;
  if (value->is_string() && value->get_string().size() == 1) {
    int number = value->get_string()[0] - '0';
    if (number >= 0 && number <= kHighest) return number;
  }
  return std::unexpected("encodingId should be \"0\", \"1\" or \"2\"");
}

const LayeredMline* find(const JsonObject& body, const std::vector<LayeredMline>& mlines) {
  const Json* wanted = body.if_contains("mediaId");
  if (wanted == nullptr || wanted->is_null()) return mlines.empty() ? nullptr : &mlines.front();
  if (!wanted->is_string()) return nullptr;
  std::string_view name = wanted->get_string();
  auto found = std::ranges::find_if(
      mlines, [&](const LayeredMline& m) { return m.mid == name || fmt::format("{}", m.index) == name; });
  return found == mlines.end() ? nullptr : &*found;
}

}  // namespace

std::vector<LayeredMline> layered_of_room(const JsonObject& attached) {
  std::vector<LayeredMline> out;
  const JsonArray* streams = list(attached, "streams");
  for (size_t i = 0; streams != nullptr && i < streams->size(); ++i) {
    const JsonObject* stream = (*streams)[i].if_object();
    if (stream == nullptr || !(stream->contains("simulcast") || stream->contains("svc"))) continue;
    const Json* mid = stream->if_contains("mid");
    if (mid == nullptr || !mid->is_string()) continue;
    out.push_back({.index = i, .mid = std::string(mid->get_string()), .svc = stream->contains("svc")});
  }
  return out;
}

std::vector<LayeredMline> layered_of_mountpoint(const JsonObject& info, const sdp::SessionDescription& offer) {
  const Json* inner = info.if_contains("info");
  const JsonObject* about = inner == nullptr ? nullptr : inner->if_object();
  const JsonArray* media = about == nullptr ? nullptr : list(*about, "media");
  auto is_video = [](const sdp::MediaDescription& m) { return m.kind == MediaKind::video && !m.rejected(); };
  auto shown = std::ranges::find_if(offer.media, is_video);
  if (media == nullptr || shown == offer.media.end()) return {};
  for (const Json& json : *media) {
    const JsonObject* medium = json.if_object();
    const Json* type = medium == nullptr ? nullptr : medium->if_contains("type");
    if (type == nullptr || *type != "video") continue;
    bool svc = flag(*medium, "videosvc");
    if (!svc && !flag(*medium, "videosimulcast")) return {};
    return {{.index = static_cast<size_t>(shown - offer.media.begin()), .mid = std::string(shown->mid()), .svc = svc}};
  }
  return {};
}

JsonObject layers_event(const std::vector<LayeredMline>& mlines) {
  JsonObject out;
  for (const LayeredMline& mline : mlines) {
    JsonArray active;
    JsonArray layers;
    for (int i = kHighest; i >= 0; --i) {
      if (mline.svc) {
        layers.push_back(JsonObject{{"spatialLayerId", i}});
        continue;
      }
      active.push_back(JsonObject{{"id", fmt::format("{}", i)}, {"simulcastIdx", i}});
      layers.push_back(JsonObject{{"encodingId", fmt::format("{}", i)}, {"simulcastIdx", i}});
    }
    out[fmt::format("{}", mline.index)] =
        JsonObject{{"active", std::move(active)}, {"inactive", JsonArray()}, {"layers", std::move(layers)}};
  }
  return out;
}

std::expected<JsonObject, std::string> layer_request(const JsonObject& body, const std::vector<LayeredMline>& mlines) {
  const LayeredMline* mline = find(body, mlines);
  if (mline == nullptr) return std::unexpected("There are no layers to choose from on that m-line");
  auto chosen = encoding(body);
  if (!chosen) return std::unexpected(chosen.error());
  auto spatial = layer(body, "spatialLayerId");
  if (spatial && !*spatial) spatial = layer(body, "maxSpatialLayerId");
  if (!spatial) return std::unexpected(spatial.error());
  auto temporal = layer(body, "temporalLayerId");
  if (temporal && !*temporal) temporal = layer(body, "maxTemporalLayerId");
  if (!temporal) return std::unexpected(temporal.error());
  JsonObject out{{"request", "configure"}, {"mid", mline->mid}};
  if (mline->svc) {
    out["spatial_layer"] = spatial->value_or(kHighest);
    out["temporal_layer"] = temporal->value_or(kHighest);
  } else {
    out["substream"] = chosen->value_or(spatial->value_or(kHighest));
    out["temporal"] = temporal->value_or(kHighest);
  }
  return out;
}

}  // namespace limen::whip
