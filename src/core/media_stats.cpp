#include "core/media_stats.hpp"

#include "core/gateway_state.hpp"
#include "wire/codec/codec.hpp"

namespace limen::core {
namespace {

JsonObject substream_stats(const rtc::MlineStats& mline, size_t index, size_t substream) {
  const rtc::SubstreamStats& s = mline.substreams[substream];
  JsonObject body;
  body["mid"] = mline.mid;
  body["mindex"] = index;
  std::string media(media_kind_name(mline.kind));
  if (substream > 0) media += fmt::format("-sim{}", substream);
  body["media"] = media;
  if (std::string_view codec = codec_name(mline.codec); !codec.empty()) body["codec"] = codec;
  body["base"] = s.base;
  if (substream == 0) body["rtt"] = s.rtt_ms;
  body["lost"] = s.lost;
  body["lost-by-remote"] = s.lost_by_remote;
  body["jitter-local"] = s.jitter_local_ms;
  body["jitter-remote"] = s.jitter_remote_ms;
  body["in-link-quality"] = s.in_quality;
  body["in-media-link-quality"] = s.in_media_quality;
  body["out-link-quality"] = s.out_quality;
  body["out-media-link-quality"] = s.out_media_quality;
  body["packets-received"] = s.in.packets;
  body["packets-sent"] = mline.out.packets;
  body["bytes-received"] = s.in.bytes;
  body["bytes-sent"] = mline.out.bytes;
  body["bytes-received-lastsec"] = s.in.bytes_last_second;
  body["bytes-sent-lastsec"] = mline.out.bytes_last_second;
  body["nacks-received"] = mline.out.nacks;
  body["nacks-sent"] = s.in.nacks;
  body["retransmissions-received"] = s.in.retransmissions;
  return body;
}

JsonObject data_stats(const rtc::MlineStats& mline, size_t index) {
  const rtc::DirectionStats& in = mline.substreams[0].in;
  return JsonObject{{"mid", mline.mid},
                    {"mindex", index},
                    {"media", "data"},
                    {"packets-received", in.packets},
                    {"packets-sent", mline.out.packets},
                    {"bytes-received", in.bytes},
                    {"bytes-sent", mline.out.bytes}};
}

}  // namespace

void notify_media_stats(GatewayState& state, const Handle& handle, const rtc::PeerStats& stats) {
  JsonArray all;
  for (size_t index = 0; index < stats.mlines.size(); ++index) {
    const rtc::MlineStats& mline = stats.mlines[index];
    if (mline.kind == MediaKind::data) {
      all.emplace_back(data_stats(mline, index));
      continue;
    }
    if (!mline.send && !mline.receive) continue;
    for (size_t substream = 0; substream < mline.substreams.size(); ++substream) {
      if (substream == 0 || mline.substreams[substream].ssrc != 0) {
        all.emplace_back(substream_stats(mline, index, substream));
      }
    }
  }
  if (all.empty()) return;
  if (state.settings.events.combine_media_stats) {
    state.events.notify(EventType::media, handle.subject(), std::move(all), subtype::kStats);
    return;
  }
  for (Json& body : all) state.events.notify(EventType::media, handle.subject(), std::move(body), subtype::kStats);
}

}  // namespace limen::core
