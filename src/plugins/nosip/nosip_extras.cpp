// NoSipHandle: recordings, key frames and RTP forwarders.
#include <utility>

#include "base/log.hpp"
#include "config/describe.hpp"
#include "media/forward/host_lookup.hpp"
#include "media/recording/recording_file.hpp"
#include "plugins/nosip/nosip_handle.hpp"

namespace limen::nosip {
namespace {

std::optional<StreamName> stream_from(std::string_view type) {
  if (type == "audio") return StreamName{MediaKind::audio, false};
  if (type == "video") return StreamName{MediaKind::video, false};
  if (type == "peer_audio") return StreamName{MediaKind::audio, true};
  if (type == "peer_video") return StreamName{MediaKind::video, true};
  return std::nullopt;
}

std::string_view type_of(StreamName stream) {
  bool audio = stream.kind == MediaKind::audio;
  if (stream.peer) return audio ? "peer_audio" : "peer_video";
  return audio ? "audio" : "video";
}

}  // namespace

// ---- recordings ----------------------------------------------------------------------------------------

NoSipHandle::Step NoSipHandle::record(const Message& message) {
  auto request = read<RecordingRequest>(message.body);
  if (!request) return std::unexpected(request.error());
  bool starts = config::same_text(request->action, "start");
  if (!starts && !config::same_text(request->action, "stop")) {
    return refuse(ErrorCode::invalid_element, "Invalid action (should be start|stop)");
  }
  std::vector<StreamName> streams;
  if (request->audio.value_or(false)) streams.push_back({MediaKind::audio, false});
  if (request->video.value_or(false)) streams.push_back({MediaKind::video, false});
  if (request->peer_audio.value_or(false)) streams.push_back({MediaKind::audio, true});
  if (request->peer_video.value_or(false)) streams.push_back({MediaKind::video, true});
  if (streams.empty()) {
    return refuse(ErrorCode::recording_error,
                  "Invalid request (at least one of audio, video, peer_audio and peer_video should be true)");
  }
  for (StreamName stream : streams) {
    if (starts) start_recording(stream, request->filename.value_or(""));
    else stop_recording(stream);
  }
  return Outcome{JsonObject{{"event", "recordingupdated"}}};
}

void NoSipHandle::start_recording(StreamName stream, const std::string& base) {
  Medium& own = medium(stream.kind);
  bool& there = stream.peer ? own.recording_peer : own.recording_user;
  if (there || own.codec == Codec::unknown) return;
  std::string_view kind = media_kind_name(stream.kind);
  media::RecordingSpec spec;
  if (base.empty()) {
    int64_t now = service_.context->executor().wall_time().us;
    spec.name =
        fmt::format("nosip-{:x}-{}-{}-{}", context_.handle_id().value(), now, stream.peer ? "peer" : "own", kind);
  } else {
    spec.name = fmt::format("{}-{}-{}", base, stream.peer ? "peer" : "user", kind);
  }
  spec.header.kind = stream.kind;
  spec.header.codec = codec_name(own.codec);
  auto file = media::RecordingFile::open(*service_.context, std::move(spec));
  if (!file) return log::error("", "NoSIP: a stream is not recorded: {}", file.error().text);
  there = true;
  with_media([stream, recorder = std::make_unique<media::Recorder>(std::move(*file), media::LayerMode::none, 0)](
                 NoSipMedia& media) mutable {
    media.record(stream, std::move(recorder));
    if (stream.kind == MediaKind::video && !stream.peer) media.ask_user_keyframe();
    if (stream.kind == MediaKind::video && stream.peer) media.ask_peer_keyframe();
  });
}

void NoSipHandle::stop_recording(StreamName stream) {
  Medium& own = medium(stream.kind);
  (stream.peer ? own.recording_peer : own.recording_user) = false;
  with_media([stream](NoSipMedia& media) { media.stop_recording(stream); });
}

NoSipHandle::Step NoSipHandle::keyframe(const Message& message) {
  auto request = read<KeyframeRequestBody>(message.body);
  if (!request) return std::unexpected(request.error());
  if (request->user.value_or(false)) with_media([](NoSipMedia& media) { media.ask_user_keyframe(); });
  if (request->peer.value_or(false) && video_.remote && video_.remote->takes_pli) {
    with_media([](NoSipMedia& media) { media.ask_peer_keyframe(); });
  }
  return Outcome{JsonObject{{"event", "keyframesent"}}};
}

// ---- RTP forwarders --------------------------------------------------------------------------------------

struct NoSipHandle::ForwardPlan {
  struct Wanted {
    Forward forward;
    std::string host, family;
    std::optional<IpAddress> address;
    std::optional<SrtpMaterial> srtp;
  };
  std::vector<Wanted> wanted;
};

NoSipHandle::Step NoSipHandle::forward(const Message& message) {
  constexpr size_t kMostForwarders = 64;
  auto request = read<ForwardRequest>(message.body);
  if (!request) return std::unexpected(request.error());
  if (!request->streams || request->streams->empty()) {
    return refuse(ErrorCode::missing_element, "Missing mandatory element streams, or empty array");
  }
  if (forwards_.size() + request->streams->size() > kMostForwarders) {
    return refuse(ErrorCode::io_error, "Too many RTP forwarders");
  }
  auto plan = std::make_shared<ForwardPlan>();
  for (const Json& json : *request->streams) {
    if (!json.is_object()) {
      return refuse(ErrorCode::invalid_element, "Invalid element type (streams should be an array of objects)");
    }
    auto entry = read<ForwardEntry>(json.get_object());
    if (!entry) return std::unexpected(entry.error());
    auto stream = stream_from(entry->type);
    if (!stream) return refuse(ErrorCode::invalid_element, "Invalid element (type)");
    if (entry->host_family && *entry->host_family != "ipv4" && *entry->host_family != "ipv6") {
      return refuse(ErrorCode::invalid_element, "Unsupported protocol family ({})", *entry->host_family);
    }
    ForwardPlan::Wanted wanted;
    wanted.forward = {.stream = *stream,
                      .host = {},
                      .port = entry->port,
                      .ssrc = entry->ssrc.value_or(0),
                      .payload_type = static_cast<uint8_t>(entry->pt.value_or(0) & 0x7f),
                      .srtp = false};
    wanted.host = entry->host;
    wanted.family = entry->host_family.value_or("");
    uint32_t suite = entry->srtp_suite.value_or(0);
    if (suite != 0 && suite != 32 && suite != 80) {
      return refuse(ErrorCode::invalid_element, "Invalid SRTP suite ({})", suite);
    }
    if (suite != 0 && entry->srtp_crypto) {
      auto line =
          media::parse_sdes_line(fmt::format("1 AES_CM_128_HMAC_SHA1_{} inline:{}", suite, *entry->srtp_crypto));
      if (!line) return refuse(ErrorCode::invalid_element, "Invalid element (srtp_crypto)");
      wanted.srtp = line->material;
      wanted.forward.srtp = true;
    }
    plan->wanted.push_back(std::move(wanted));
  }
  busy_ = true;
  service_.context->background().run(
      [plan] {
        for (ForwardPlan::Wanted& wanted : plan->wanted)
          wanted.address = media::look_up_host(wanted.host, wanted.family);
      },
      service_.context->executor(),
      [this, alive = std::weak_ptr(alive_), plan, transaction = message.transaction] {
        if (!alive.expired()) forward_resolved(transaction, std::move(*plan));
      });
  return std::nullopt;
}

void NoSipHandle::forward_resolved(const std::string& transaction, ForwardPlan plan) {
  busy_ = false;
  JsonArray list;
  Step step = std::nullopt;
  for (const ForwardPlan::Wanted& wanted : plan.wanted) {
    if (!wanted.address) {
      step = refuse(ErrorCode::invalid_element, "Could not resolve address ({})...", wanted.host);
      break;
    }
  }
  if (step) {
    for (ForwardPlan::Wanted& wanted : plan.wanted) {
      uint32_t id = 0;
      while (id == 0 || forwards_.contains(id)) id = service_.context->random().u32();
      media::ForwardSpec spec;
      spec.kind = wanted.forward.stream.kind;
      spec.to = {*wanted.address, wanted.forward.port};
      spec.payload_type = wanted.forward.payload_type;
      spec.ssrc = wanted.forward.ssrc;
      spec.srtp = wanted.srtp;
      wanted.forward.host = wanted.address->to_string();
      with_media([id, stream = wanted.forward.stream, spec = std::move(spec)](NoSipMedia& media) mutable {
        media.forward(id, stream, std::move(spec));
      });
      JsonObject facts = describe(id, wanted.forward);
      if (service_.events && service_.context->events_enabled()) {
        JsonObject news{{"event", "rtp_forward"}};
        for (const auto& [key, value] : facts) news[key] = value;
        service_.context->notify_event(std::move(news));
      }
      list.push_back(std::move(facts));
      forwards_.emplace(id, std::move(wanted.forward));
    }
    step = Outcome{JsonObject{{"forwarders", std::move(list)}, {"event", "rtp_forward"}}};
  }
  answer(transaction, std::move(step));
  next();
}

JsonObject NoSipHandle::describe(uint32_t id, const Forward& forward) const {
  JsonObject out{{"stream_id", id},
                 {"type", type_of(forward.stream)},
                 {"host", forward.host},
                 {"port", forward.port},
                 {"media", media_kind_name(forward.stream.kind)}};
  if (forward.payload_type != 0) out["pt"] = forward.payload_type;
  if (forward.ssrc != 0) out["ssrc"] = forward.ssrc;
  if (forward.srtp) out["srtp"] = true;
  return out;
}

NoSipHandle::Step NoSipHandle::stop_forward(const Message& message) {
  auto request = read<StopForwardRequest>(message.body);
  if (!request) return std::unexpected(request.error());
  uint32_t id = request->stream_id;
  if (forwards_.erase(id) == 0) return refuse(ErrorCode::no_such_stream, "No such stream ({})", id);
  with_media([id](NoSipMedia& media) { media.stop_forward(id); });
  if (service_.events && service_.context->events_enabled()) {
    service_.context->notify_event(JsonObject{{"event", "stop_rtp_forward"}, {"stream_id", id}});
  }
  return Outcome{JsonObject{{"event", "stop_rtp_forward"}, {"stream_id", id}}};
}

}  // namespace limen::nosip
