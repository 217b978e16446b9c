#include "plugins/voicemail/voicemail_handle.hpp"

#include <algorithm>
#include <utility>

#include "api/request_reader.hpp"
#include "base/log.hpp"
#include "wire/sdp/offer_answer.hpp"

namespace limen::voicemail {
namespace {

struct AnyRequest {
  std::string request;
};
template <typename V>
void describe(V& v, AnyRequest& r) {
  v.field("request", r.request, "What to do");
}

JsonObject status(std::string_view text) {
  return JsonObject{{"voicemail", "event"}, {"status", text}};
}

std::optional<uint8_t> first_audio(const sdp::SessionDescription& offer) {
  for (size_t index = 0; index < offer.media.size(); ++index) {
    if (offer.media[index].kind == MediaKind::audio) return static_cast<uint8_t>(index);
  }
  return std::nullopt;
}

}  // namespace

VoiceMailHandle::VoiceMailHandle(PluginContext& plugin, HandleContext& context, const VoiceMailSettings& settings)
    : plugin_(plugin), context_(context), settings_(settings), id_(plugin.random().u64()) {
  origin_.session_id = static_cast<uint64_t>(plugin.executor().wall_time().us);
  origin_.address = "127.0.0.1";
  context_.install_media([this, &pool = plugin.background(),
                          &back = plugin.executor()](MediaContext& media) -> std::unique_ptr<MediaHandler> {
    // Posted closures are dropped when this handle has gone, so `this` is there when they run.
    return std::make_unique<VoiceMailMedia>(media, pool, back,
                                            [this, &media] { media.post_control([this] { stop({}); }); });
  });
}

void VoiceMailHandle::on_message(Message message, Reply reply) {
  reply.ack();
  auto any = read_request<AnyRequest>(message.body);
  if (!any) {
    ErrorCode code = any.error().missing ? ErrorCode::missing_element : ErrorCode::invalid_element;
    return refuse(message.transaction, code, std::move(any.error().text));
  }
  if (message.jsep && message.jsep->e2ee) {
    return refuse(message.transaction, ErrorCode::invalid_element, "Media encryption unsupported by this plugin");
  }
  std::string verb = any->request;
  std::ranges::transform(verb, verb.begin(), [](unsigned char c) { return std::tolower(c); });
  if (verb == "record") return record(message);
  if (verb == "update") return update(message);
  if (verb == "stop") return stop(message.transaction);
  refuse(message.transaction, ErrorCode::invalid_request, fmt::format("Unknown request '{}'", any->request));
}

void VoiceMailHandle::refuse(const std::string& transaction, ErrorCode code, std::string text) {
  context_.push_event(
      transaction,
      JsonObject{{"voicemail", "event"}, {"error_code", static_cast<int>(code)}, {"error", std::move(text)}});
}

std::optional<std::optional<LocalJsep>> VoiceMailHandle::answer_to(const Message& message) {
  if (!message.jsep || message.jsep->type != "offer") return std::optional<LocalJsep>();
  auto offer = sdp::parse_sdp(message.jsep->sdp);
  if (!offer) {
    refuse(message.transaction, ErrorCode::unknown, fmt::format("Error parsing offer: {}", offer.error().text));
    return std::nullopt;
  }
  sdp::AnswerOptions options;
  options.session_name = fmt::format("VoiceMail {}", id_);
  options.audio.accept = options.video.accept = options.data.accept = false;
  if (auto mline = first_audio(*offer)) {
    sdp::MediaAnswer audio;
    audio.codec = Codec::opus;
    audio.send = false;
    options.mlines[*mline] = std::move(audio);
    context_.post_media(
        [mline = *mline](MediaHandler& media) { static_cast<VoiceMailMedia&>(media).set_mline(mline); });
  }
  sdp::SessionDescription answer = sdp::make_answer(*offer, options);
  ++origin_.version;
  answer.origin = origin_;
  return LocalJsep{.type = "answer", .sdp = sdp::write_sdp(answer)};
}

void VoiceMailHandle::record(const Message& message) {
  if (recording_) return refuse(message.transaction, ErrorCode::already_recording, "Already recording");
  auto writer = std::make_unique<OggOpusWriter>(plugin_.random().u32());
  if (!writer->ok()) return refuse(message.transaction, ErrorCode::ogg_error, "The Ogg stream cannot be made");
  auto answer = answer_to(message);
  if (!answer) return;
  recording_ = true;
  auto file = std::make_shared<VoiceFile>(settings_.path + "/" + name());
  std::vector<uint8_t> headers;
  writer->write_headers(headers);
  file->add(headers);
  auto made = std::make_shared<Result<>>();
  plugin_.background().run([file, made] { *made = file->write(); }, plugin_.executor(),
                           [this, alive = std::weak_ptr(alive_), made, file, writer = std::move(writer),
                            answer = std::move(*answer), transaction = message.transaction]() mutable {
                             if (alive.expired()) return;
                             recorded(transaction, std::move(answer), *made, std::move(writer), std::move(file));
                           });
}

void VoiceMailHandle::recorded(const std::string& transaction, std::optional<LocalJsep> answer, const Result<>& made,
                               std::unique_ptr<OggOpusWriter> writer, std::shared_ptr<VoiceFile> file) {
  if (!made) {
    recording_ = false;
    log::error("", "VoiceMail: {}", made.error().text);
    return refuse(transaction, ErrorCode::io_error, "The recording's file cannot be written");
  }
  context_.post_media([writer = std::move(writer), file = std::move(file)](MediaHandler& media) mutable {
    static_cast<VoiceMailMedia&>(media).begin(std::move(writer), std::move(file));
  });
  notify("starting");
  context_.push_event(transaction, status(start_time_ != 0 ? "started" : "starting"), std::move(answer));
}

void VoiceMailHandle::update(const Message& message) {
  if (!recording_ || start_time_ == 0) {
    return refuse(message.transaction, ErrorCode::invalid_state, "Invalid state (not recording)");
  }
  if (auto answer = answer_to(message)) {
    context_.push_event(message.transaction, status("updating"), std::move(*answer));
  }
}

// The client is told when all is in the file.
void VoiceMailHandle::stop(std::string transaction) {
  if (std::exchange(stopping_, true)) return;
  context_.post_media([this, alive = std::weak_ptr(alive_), transaction = std::move(transaction)](MediaHandler& media) {
    static_cast<VoiceMailMedia&>(media).finish([this, alive, transaction] {
      if (!alive.expired()) stopped(transaction);
    });
  });
}

void VoiceMailHandle::stopped(const std::string& transaction) {
  recording_ = false;
  JsonObject done = status("done");
  done["recording"] = settings_.base + "/" + name();
  context_.push_event(transaction, std::move(done));
  notify("done");
  context_.end_session();
}

void VoiceMailHandle::on_media_up() {
  start_time_ = to_us(plugin_.executor().now());
  context_.push_event({}, status("started"));
}

// The media half ends the file.
void VoiceMailHandle::on_hangup(std::string_view) {
  recording_ = false;
  start_time_ = 0;
}

void VoiceMailHandle::notify(std::string_view event) {
  if (settings_.events && plugin_.events_enabled()) context_.notify_event(JsonObject{{"event", event}});
}

Json VoiceMailHandle::query() const {
  JsonObject info{{"state", recording_ ? "recording" : "idle"}};
  if (recording_) {
    info["id"] = id_;
    info["start_time"] = start_time_;
    info["filename"] = settings_.path + "/" + name();
  }
  info["hangingup"] = 0;
  info["destroyed"] = 0;
  return info;
}

}  // namespace limen::voicemail
