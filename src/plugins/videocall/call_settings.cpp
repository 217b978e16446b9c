// CallHandle: the `set` request (spec plugin-videocall, sections 3.5 and 7).
#include <filesystem>

#include "base/log.hpp"
#include "plugins/videocall/call_handle.hpp"

namespace limen::videocall {

CallHandle::Result CallHandle::set(const Message& message) {
  auto request = read_set_request(message.body);
  if (!request) return std::unexpected(request.error());
  apply(*request);
  if (request->record) {
    if (*request->record) start_recording(request->filename);
    else stop_recording();
  }
  JsonObject configured{{"event", "configured"},
                        {"audio_active", settings_.audio},
                        {"video_active", settings_.video},
                        {"bitrate", settings_.bitrate}};
  if (!settings_.recording.empty()) configured["recording"] = settings_.recording;
  notify(std::move(configured));
  if (message.jsep && message.jsep->update) update(*message.jsep);
  return JsonObject{{"event", "set"}};
}

void CallHandle::apply(const SetRequest& request) {
  if (request.audio) {
    settings_.audio = *request.audio;
    tell_media(&CallMedia::set_audio, settings_.audio);
  }
  if (request.video) {
    settings_.video = *request.video;
    tell_media(&CallMedia::set_video, settings_.video);
  }
  if (request.bitrate) {
    settings_.bitrate = *request.bitrate;
    tell_media(&CallMedia::set_bitrate, settings_.bitrate);
  }
  apply_layers(request);
}

// The layers this side receives are chosen where the other side sends.
void CallHandle::apply_layers(const SetRequest& request) {
  if (request.fallback) {
    settings_.fallback_us = *request.fallback;
    if (CallHandle* other = peer()) {
      other->tell_media(&CallMedia::set_fallback, Duration(std::chrono::microseconds(settings_.fallback_us)));
    }
  }
  if (request.substream) {
    choose_layer("substream", static_cast<int>(*request.substream), current_.spatial, settings_.spatial_target,
                 &CallMedia::set_spatial);
  }
  if (request.temporal) {
    choose_layer("temporal", static_cast<int>(*request.temporal), current_.temporal, settings_.temporal_target,
                 &CallMedia::set_temporal);
  }
}

void CallHandle::choose_layer(std::string_view name, int layer, int current, int& target,
                              void (CallMedia::*setter)(int)) {
  target = layer;
  CallHandle* other = peer();
  if (other != nullptr) other->tell_media(setter, layer);
  if (layer == current) {
    JsonObject already{{"event", "simulcast"}, {"videocodec", codec_name(settings_.facts.video.codec)}};
    already[name] = layer;
    return push(std::move(already));
  }
  if (other != nullptr) other->tell_media(&CallMedia::ask_keyframe);
}

// A renegotiation goes from end to end.
void CallHandle::update(const RemoteJsep& jsep) {
  CallHandle* other = peer();
  if (other == nullptr) return;
  if (jsep.type == "answer") {
    if (auto answer = sdp::parse_sdp(jsep.sdp)) {
      CallFacts facts = read_call_facts(*answer);
      take_facts(facts);
      other->take_facts(facts);
    }
  }
  LocalJsep forwarded{.type = jsep.type, .sdp = jsep.sdp, .restart = false, .e2ee = false};
  other->push(JsonObject{{"event", "update"}}, std::move(forwarded));
}

std::shared_ptr<media::RecordingFile> CallHandle::open_recording(const std::string& base, MediaKind kind) {
  media::RecordingSpec spec;
  spec.name = fmt::format("{}-{}", base, media_kind_name(kind));
  spec.header.kind = kind;
  spec.header.encrypted = settings_.e2ee;
  if (kind == MediaKind::data) {
    spec.header.codec = "text";
  } else {
    const CallFacts::Stream& stream = kind == MediaKind::audio ? settings_.facts.audio : settings_.facts.video;
    spec.header.codec = codec_name(stream.codec);
    spec.header.fmtp = stream.fmtp;
    spec.header.red_payload_type = stream.red_payload_type;
    spec.header.extensions = stream.extensions;
  }
  auto tag = fmt::format("[{}/{}]", context_.session_id().value(), context_.handle_id().value());
  auto file = media::RecordingFile::open(
      plugin_, std::move(spec), [tag](const Error& error) { log::error(tag, "VideoCall recording: {}", error.text); });
  if (!file) {
    log::error(tag, "VideoCall recording: {}", file.error().text);
    return nullptr;
  }
  settings_.recording[media_kind_name(kind)] = std::filesystem::path((*file)->path()).filename().string();
  return std::move(*file);
}

void CallHandle::start_recording(const std::optional<std::string>& filename) {
  bool running = !settings_.recording.empty();  // it ends with what takes its place
  settings_.recording.clear();
  std::string base = filename.value_or("");
  if (base.empty()) {
    const CallHandle* other = peer();
    auto named = [](const std::string* name) { return name != nullptr && !name->empty() ? *name : "unknown"; };
    std::string own = named(&name_), others = named(other == nullptr ? nullptr : &other->name_);
    // Names are the clients' own words: they must not choose folders.
    for (std::string* name : {&own, &others}) std::ranges::replace(*name, '/', '_');
    base = fmt::format("videocall-{}-{}-{}", own, others, plugin_.executor().wall_time().us);
  }
  CallFiles files;
  const CallFacts& facts = settings_.facts;
  if (facts.audio.codec != Codec::unknown) files.audio = open_recording(base, MediaKind::audio);
  if (facts.video.codec != Codec::unknown) files.video = open_recording(base, MediaKind::video);
  if (facts.data) files.data = open_recording(base, MediaKind::data);
  files.audio_mline = facts.audio.mline;
  files.video_mline = facts.video.mline;
  if (running || files.audio || files.video || files.data) tell_media(&CallMedia::record, std::move(files));
}

void CallHandle::stop_recording() {
  settings_.recording.clear();
  tell_media(&CallMedia::record, CallFiles{});
}

}  // namespace limen::videocall
