#include "plugins/echotest/echo_handle.hpp"

#include <algorithm>

#include "base/log.hpp"
#include "plugins/echotest/echo_answer.hpp"

namespace limen::echotest {
namespace {

constexpr std::string_view kHint = "I'm taking my time!";
constexpr int kMaxDelay = 4095;  // 12 bits of the header extension

JsonObject event() {
  return JsonObject{{"echotest", "event"}};
}

JsonObject error_event(const EchoError& error) {
  JsonObject object = event();
  object["error_code"] = static_cast<int>(error.code);
  object["error"] = error.text;
  return object;
}

// The m-line that an entry of the client's `svc` list speaks of.
uint8_t svc_mline(const Json& svc, const std::string& sdp) {
  const JsonObject* entry = svc.is_array() && !svc.get_array().empty() ? svc.get_array().front().if_object() : nullptr;
  if (entry == nullptr) return 0;
  if (const Json* index = entry->if_contains("mindex"); index != nullptr && index->is_int64()) {
    return static_cast<uint8_t>(std::clamp<int64_t>(index->get_int64(), 0, 255));
  }
  const Json* mid = entry->if_contains("mid");
  auto description = sdp::parse_sdp(sdp);
  if (mid == nullptr || !mid->is_string() || !description) return 0;
  for (size_t index = 0; index < description->media.size(); ++index) {
    if (description->media[index].mid() == std::string_view(mid->get_string())) return static_cast<uint8_t>(index);
  }
  return 0;
}

}  // namespace

EchoHandle::EchoHandle(PluginContext& plugin, HandleContext& context, bool notify)
    : plugin_(plugin), context_(context), notify_(notify) {
  context_.install_media([this](MediaContext& media) -> std::unique_ptr<MediaHandler> {
    // Posted closures are dropped when this handle has gone, so `this` is there when they run.
    EchoObserver observer;
    observer.layers = [this, &media](media::Layers layers, LayerTotals totals) {
      media.post_control([this, layers, totals] { on_layers(layers, totals); });
    };
    observer.peer_bitrate = [this, &media](uint64_t bps) { media.post_control([this, bps] { peer_bitrate_ = bps; }); };
    return std::make_unique<EchoMedia>(media, std::move(observer));
  });
}

template <typename... Args>
void EchoHandle::tell_media(void (EchoMedia::*setter)(Args...), std::type_identity_t<Args>... args) {
  context_.post_media([setter, ... args = std::move(args)](MediaHandler& handler) mutable {
    (static_cast<EchoMedia&>(handler).*setter)(std::move(args)...);
  });
}

void EchoHandle::on_message(Message message, Reply reply) {
  reply.ack(std::string(kHint));
  std::optional<LocalJsep> answer;
  std::optional<EchoError> error = process(message, answer);
  if (error) return context_.push_event(message.transaction, error_event(*error));
  JsonObject result = event();
  result["result"] = "ok";
  context_.push_event(message.transaction, std::move(result), std::move(answer));
  notify_settings();
}

std::optional<EchoError> EchoHandle::process(const Message& message, std::optional<LocalJsep>& answer) {
  auto request = read_echo_request(message.body);
  if (!request) return request.error();
  const std::optional<RemoteJsep>& jsep = message.jsep;
  if (jsep) take_layers(*jsep);
  if (auto error = range_error(*request)) return error;
  apply(*request);
  if (!request->effective() && !jsep) {
    return EchoError{EchoErrorCode::invalid_element, "Message error: no supported attributes found"};
  }
  if (jsep && jsep->type == "offer") {
    LocalJsep local;
    if (auto error = take_offer(*jsep, *request, local)) return error;
    answer = std::move(local);
  }
  record(*request);
  return std::nullopt;
}

void EchoHandle::take_layers(const RemoteJsep& jsep) {
  settings_.e2ee = settings_.e2ee || jsep.e2ee;
  media::LayerMode before = settings_.layers;
  uint8_t mline = 0;
  if (!jsep.simulcast.empty()) {
    settings_.layers = media::LayerMode::simulcast;
    mline = static_cast<uint8_t>(jsep.simulcast.front().mindex);
  } else if (jsep.svc) {
    settings_.layers = media::LayerMode::svc;
    mline = svc_mline(*jsep.svc, jsep.sdp);
  } else {
    return;
  }
  if (settings_.layers != before) settings_.spatial_target = settings_.temporal_target = 2;
  tell_media(&EchoMedia::set_layers, settings_.layers, mline);
}

void EchoHandle::apply(const EchoRequest& request) {
  if (request.audio) {
    settings_.audio = *request.audio;
    tell_media(&EchoMedia::set_audio, settings_.audio);
  }
  if (request.video) {
    settings_.video = *request.video;
    tell_media(&EchoMedia::set_video, settings_.video);
  }
  if (request.bitrate) {
    settings_.bitrate = *request.bitrate;
    tell_media(&EchoMedia::set_bitrate, settings_.bitrate);
  }
  apply_layers(request);
  apply_delays(request);
}

void EchoHandle::apply_layers(const EchoRequest& request) {
  if (request.fallback) {
    settings_.fallback_us = *request.fallback;
    tell_media(&EchoMedia::set_fallback, Duration(std::chrono::microseconds(*request.fallback)));
  }
  bool simulcast = settings_.layers == media::LayerMode::simulcast;
  bool svc = settings_.layers == media::LayerMode::svc;
  media::Layers now = current_;
  if (request.substream) {
    if (!svc) settings_.spatial_target = static_cast<int>(*request.substream);
    choose_layer("substream", static_cast<int>(*request.substream), simulcast ? now.spatial : -1,
                 svc ? nullptr : &EchoMedia::set_spatial);
  }
  if (request.temporal) {
    if (!svc) settings_.temporal_target = static_cast<int>(*request.temporal);
    choose_layer("temporal", static_cast<int>(*request.temporal), simulcast ? now.temporal : -1,
                 svc ? nullptr : &EchoMedia::set_temporal);
  }
  if (request.spatial_layer) {
    if (svc) settings_.spatial_target = static_cast<int>(*request.spatial_layer);
    choose_layer("spatial_layer", static_cast<int>(*request.spatial_layer), svc ? now.spatial : -1,
                 svc ? &EchoMedia::set_spatial : nullptr);
  }
  if (request.temporal_layer) {
    if (svc) settings_.temporal_target = static_cast<int>(*request.temporal_layer);
    choose_layer("temporal_layer", static_cast<int>(*request.temporal_layer), svc ? now.temporal : -1,
                 svc ? &EchoMedia::set_temporal : nullptr);
  }
}

// What is relayed already is said at once; anything else needs a key frame.
void EchoHandle::choose_layer(std::string_view name, int layer, int current, void (EchoMedia::*setter)(int)) {
  if (setter != nullptr) tell_media(setter, layer);
  if (layer != current) return tell_media(&EchoMedia::ask_keyframe);
  JsonObject already = event();
  already["videocodec"] = codec_name(settings_.video_codec);
  already[name] = layer;
  context_.push_event({}, std::move(already));
}

void EchoHandle::apply_delays(const EchoRequest& request) {
  if (!request.min_delay && !request.max_delay) return;
  auto take = [this](int wanted, int& own) {
    if (wanted < 0) settings_.min_delay = settings_.max_delay = -1;
    else own = std::min(wanted, kMaxDelay);
  };
  if (request.min_delay) {
    take(*request.min_delay, settings_.min_delay);
    settings_.max_delay = std::max(settings_.max_delay, settings_.min_delay);
  }
  if (request.max_delay) {
    take(*request.max_delay, settings_.max_delay);
    settings_.min_delay = std::min(settings_.min_delay, settings_.max_delay);
    if (settings_.max_delay >= 0 && settings_.min_delay < 0) settings_.min_delay = 0;
  }
  tell_media(&EchoMedia::set_delays, static_cast<int16_t>(settings_.min_delay),
             static_cast<int16_t>(settings_.max_delay));
}

std::optional<EchoError> EchoHandle::take_offer(const RemoteJsep& offer, const EchoRequest& request,
                                                LocalJsep& answer) {
  auto description = sdp::parse_sdp(offer.sdp);
  if (!description) {
    return EchoError{EchoErrorCode::invalid_sdp, fmt::format("Error parsing offer: {}", description.error().text)};
  }
  EchoAnswer made = make_echo_answer(*description, request);
  settings_.audio_codec = made.audio;
  settings_.video_codec = made.video;
  settings_.audio_red = made.audio_red;
  settings_.tracks = std::move(made.tracks);
  tell_media(&EchoMedia::set_mlines, std::move(made.kinds));
  answer.type = "answer";
  answer.sdp = sdp::write_sdp(made.description);
  answer.e2ee = settings_.e2ee;
  return std::nullopt;
}

void EchoHandle::record(const EchoRequest& request) {
  if (!request.record) return;
  if (!*request.record) {
    settings_.recordings.clear();
    return tell_media(&EchoMedia::stop_recording);
  }
  // One that runs already ends here: the new name is for what comes from now on.
  if (!settings_.recordings.empty()) tell_media(&EchoMedia::stop_recording);
  settings_.recordings =
      open_recordings(plugin_, context_, settings_.tracks, request.filename.value_or(""), settings_.e2ee);
  for (const EchoRecordingFile& each : settings_.recordings) tell_media(&EchoMedia::record, each.mline, each.file);
  if (!settings_.recordings.empty()) tell_media(&EchoMedia::ask_keyframe);
}

void EchoHandle::on_layers(media::Layers layers, LayerTotals totals) {
  current_ = layers;
  bool svc = settings_.layers == media::LayerMode::svc;
  JsonObject news = event();
  news["videocodec"] = codec_name(settings_.video_codec);
  news[svc ? "spatial_layer" : "substream"] = layers.spatial;
  news[svc ? "temporal_layer" : "temporal"] = layers.temporal;
  if (svc && totals.spatial >= 0) news["tot_spatial_layers"] = totals.spatial;
  if (totals.temporal >= 0) news["tot_temporal_layers"] = totals.temporal;
  context_.push_event({}, std::move(news));
}

void EchoHandle::on_slow_link(const SlowLink& slow) {
  ++slow_links_;
  if (slow.uplink) return;  // loss on the way to the peer: counted only
  JsonObject news = event();
  news["event"] = "slow_link";
  news["media"] = media_kind_name(slow.kind);
  if (slow.kind == MediaKind::video) news["current-bitrate"] = settings_.bitrate;
  context_.push_event({}, std::move(news));
}

void EchoHandle::on_hangup(std::string_view) {
  JsonObject done = event();
  done["result"] = "done";
  context_.push_event({}, std::move(done));
  settings_ = {};
  current_ = {};
  peer_bitrate_ = 0;
  tell_media(&EchoMedia::reset);
}

void EchoHandle::notify_settings() {
  if (!notify_) return;
  JsonObject body{{"audio_active", settings_.audio}, {"video_active", settings_.video}, {"bitrate", settings_.bitrate}};
  if (settings_.layers == media::LayerMode::simulcast) {
    body["simulcast"] = JsonObject{{"substream", current_.spatial}, {"temporal-layer", current_.temporal}};
  }
  if (!settings_.recordings.empty()) body["recording"] = describe_recordings(settings_.recordings);
  context_.notify_event(std::move(body));
}

Json EchoHandle::query() const {
  JsonObject info{{"audio_active", settings_.audio}, {"video_active", settings_.video}};
  if (settings_.audio_codec != Codec::unknown) info["audio_codec"] = codec_name(settings_.audio_codec);
  if (settings_.audio_red) info["audio_red"] = true;
  if (settings_.video_codec != Codec::unknown) info["video_codec"] = codec_name(settings_.video_codec);
  info["bitrate"] = settings_.bitrate;
  info["peer-bitrate"] = peer_bitrate_;
  if (settings_.layers != media::LayerMode::none) {
    bool svc = settings_.layers == media::LayerMode::svc;
    info[svc ? "svc" : "simulcast"] = true;
    info[svc ? "spatial-layer" : "substream"] = current_.spatial;
    info[svc ? "spatial-layer-target" : "substream-target"] = settings_.spatial_target;
    info["temporal-layer"] = current_.temporal;
    info["temporal-layer-target"] = settings_.temporal_target;
    if (!svc && settings_.fallback_us > 0) info["fallback"] = settings_.fallback_us;
  }
  if (!settings_.recordings.empty()) info["recording"] = describe_recordings(settings_.recordings);
  if (settings_.e2ee) info["e2ee"] = true;
  info["slowlink_count"] = slow_links_;
  info["hangingup"] = 0;
  info["destroyed"] = 0;
  return info;
}

}  // namespace limen::echotest
