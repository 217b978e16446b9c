#include "plugins/recordplay/recordplay_handle.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "base/constant_time.hpp"
#include "base/log.hpp"
#include "wire/sdp/offer_answer.hpp"

namespace limen::recordplay {
namespace {

constexpr std::string_view kHint = "Working on it";

std::string lower(std::string text) {
  std::ranges::transform(text, text.begin(), [](unsigned char c) { return std::tolower(c); });
  return text;
}

JsonObject event() {
  return JsonObject{{"recordplay", "event"}};
}

JsonObject list_entry(const Recording& recording) {
  JsonObject entry{{"id", recording.id()},
                   {"is_private", recording.is_private},
                   {"name", recording.nfo.name},
                   {"date", recording.nfo.date},
                   {"audio", recording.audio.has_value()}};
  if (recording.audio && recording.audio->header) {
    entry["audio_codec"] = recording.audio->header->codec;
    if (recording.audio->header->red_payload_type != 0) entry["audio_red"] = true;
  }
  entry["video"] = recording.video.has_value();
  if (recording.video && recording.video->header) entry["video_codec"] = recording.video->header->codec;
  entry["data"] = recording.data.has_value();
  return entry;
}

bool is_admin(const AdminRequest& request, const RecordPlaySettings& settings) {
  return request.admin_key && constant_time_equal(*request.admin_key, settings.admin_key);
}

}  // namespace

RecordResult<> check_update(const JsonObject& body, const RecordPlaySettings& settings) {
  auto request = read<AdminRequest>(body);
  if (!request) return std::unexpected(request.error());
  if (settings.admin_key.empty()) return {};
  if (!request->admin_key) return refuse(ErrorCode::missing_element, "Missing mandatory element (admin_key)");
  if (!is_admin(*request, settings)) return refuse(ErrorCode::unauthorized, "Unauthorized (wrong admin_key)");
  return {};
}

RecordPlayHandle::RecordPlayHandle(PluginContext& plugin, HandleContext& context, std::shared_ptr<Catalog> catalog,
                                   const RecordPlaySettings& settings)
    : plugin_(plugin), context_(context), catalog_(std::move(catalog)), settings_(settings) {
  origin_.session_id = static_cast<uint64_t>(plugin_.executor().wall_time().us);
  context_.install_media([this](MediaContext& media) -> std::unique_ptr<MediaHandler> {
    // Posted closures are dropped when this handle has gone, so `this` is there when they run.
    return std::make_unique<RecordPlayMedia>(media, [this, &media] { media.post_control([this] { playout_over(); }); });
  });
}

// ---- requests ------------------------------------------------------------------------------------

void RecordPlayHandle::on_message(Message message, Reply reply) {
  auto any = read<AnyRequest>(message.body);
  if (!any) return reply.success(error_body(any.error()));
  std::string verb = lower(any->request);
  if (verb == "update") return update(message.body, std::move(reply));
  if (verb == "list") {
    return catalog_->settled(
        [this, alive = std::weak_ptr(alive_), body = std::move(message.body), reply = std::move(reply)]() mutable {
          if (alive.expired()) return reply.ack();
          auto listed = list(body);
          reply.success(listed ? std::move(*listed) : error_body(listed.error()));
        });
  }
  if (verb == "configure") {
    auto configured = configure(message.body);
    return reply.success(configured ? std::move(*configured) : error_body(configured.error()));
  }
  constexpr std::array<std::string_view, 6> kVerbs{"record", "play", "start", "pause", "resume", "stop"};
  if (std::ranges::find(kVerbs, verb) == kVerbs.end()) {
    return reply.success(error_body({ErrorCode::invalid_request, fmt::format("Unknown request '{}'", any->request)}));
  }
  reply.ack(std::string(kHint));
  catalog_->settled([this, alive = std::weak_ptr(alive_), verb, message = std::move(message)] {
    if (!alive.expired()) run(verb, message);
  });
}

NeededRights RecordPlayHandle::needed_rights(const JsonObject& body, bool) const {
  // What requests need of a token that grants rights on recordings (docs/authentication.md); all others, to administer.
  static constexpr std::array kNeeded{
      RequestRights{.request = "list"},
      RequestRights{.request = "update"},
      RequestRights{.request = "configure"},
      RequestRights{.request = "start"},
      RequestRights{.request = "pause"},
      RequestRights{.request = "resume"},
      RequestRights{.request = "stop"},
      RequestRights{.request = "record", .rights = Right::publish},
      RequestRights{.request = "play", .rights = Right::subscribe},
  };
  return needed_by_table(body, kNeeded, "request", "id");
}

void RecordPlayHandle::update(const JsonObject& body, Reply reply) {
  if (auto good = check_update(body, settings_); !good) return reply.success(error_body(good.error()));
  catalog_->rescan([reply = std::move(reply)]() mutable { reply.success(JsonObject{{"recordplay", "ok"}}); });
}

RecordResult<JsonObject> RecordPlayHandle::list(const JsonObject& body) {
  auto request = read<AdminRequest>(body);
  if (!request) return std::unexpected(request.error());
  bool admin = !settings_.admin_key.empty() && is_admin(*request, settings_);
  if (!settings_.admin_key.empty() && request->admin_key && !admin) {
    return refuse(ErrorCode::unauthorized, "Unauthorized (wrong admin_key)");
  }
  JsonArray entries;
  for (const auto& [id, recording] : catalog_->recordings()) {
    if (recording->completed && (admin || !recording->is_private)) entries.push_back(list_entry(*recording));
  }
  return JsonObject{{"recordplay", "list"}, {"list", std::move(entries)}};
}

RecordResult<JsonObject> RecordPlayHandle::configure(const JsonObject& body) {
  auto request = read<ConfigureRequest>(body);
  if (!request) return std::unexpected(request.error());
  if (request->bitrate_max) care_.bitrate_max = *request->bitrate_max;
  if (request->keyframe_interval) care_.keyframe_interval = std::chrono::milliseconds(*request->keyframe_interval);
  tell_care();
  return JsonObject{{"recordplay", "configure"},
                    {"status", "ok"},
                    {"settings", JsonObject{{"video-keyframe-interval", to_ms(care_.keyframe_interval)},
                                            {"video-bitrate-max", care_.bitrate_max}}}};
}

void RecordPlayHandle::tell_care() {
  context_.post_media([care = care_](MediaHandler& media) { static_cast<RecordPlayMedia&>(media).set_care(care); });
}

void RecordPlayHandle::run(const std::string& verb, const Message& message) {
  if (verb == "record") push(message.transaction, record(message));
  else if (verb == "play") push(message.transaction, play(message));
  else if (verb == "start") push(message.transaction, start(message));
  else if (verb == "stop") stop(message.transaction);
  else pause(message.transaction, verb == "pause");
}

void RecordPlayHandle::push(const std::string& transaction, Step step) {
  if (!step) return context_.push_event(transaction, error_body(step.error()));
  if (*step) push_result(transaction, std::move((*step)->result), std::move((*step)->jsep));
}

void RecordPlayHandle::push_result(std::string_view transaction, JsonObject result, std::optional<LocalJsep> jsep) {
  JsonObject body = event();
  body["result"] = std::move(result);
  context_.push_event(transaction, std::move(body), std::move(jsep));
}

// ---- start, pause, resume, stop --------------------------------------------------------------------

RecordPlayHandle::Step RecordPlayHandle::start(const Message& message) {
  if (role_ != Role::player || !active_) {
    return refuse(ErrorCode::invalid_state, "Not a playout session, can't start");
  }
  if (!message.jsep || message.jsep->type != "answer") return refuse(ErrorCode::missing_element, "Missing SDP answer");
  auto answer = sdp::parse_sdp(message.jsep->sdp);
  if (!answer) return refuse(ErrorCode::invalid_sdp, "Error parsing answer: {}", answer.error().text);
  bool takes_red = std::ranges::any_of(answer->media, [](const sdp::MediaDescription& media) {
    return !media.rejected() && sdp::opus_red_payload_type(media).has_value();
  });
  context_.post_media([red = takes_red ? red_ : std::nullopt](MediaHandler& media) {
    static_cast<RecordPlayMedia&>(media).begin(red);
  });
  notify(JsonObject{{"event", "playing"}, {"id", active_->id()}});
  return Outcome{JsonObject{{"status", "playing"}}};
}

void RecordPlayHandle::pause(const std::string& transaction, bool paused) {
  if (!active_) return context_.push_event(transaction, event());
  if (role_ == Role::recorder) {
    context_.post_media([paused](MediaHandler& media) { static_cast<RecordPlayMedia&>(media).set_paused(paused); });
  }
  std::string_view status = paused ? "paused" : "resumed";
  push_result(transaction, JsonObject{{"status", status}, {"id", active_->id()}});
  notify(JsonObject{{"event", status}, {"id", active_->id()}});
}

void RecordPlayHandle::stop(const std::string& transaction) {
  JsonObject result{{"status", "stopped"}};
  JsonObject news{{"event", "stopped"}};
  stop_answered_ = active_ != nullptr;
  if (auto stopped = active_ ? active_ : std::exchange(hung_up_, nullptr)) {
    result["id"] = news["id"] = stopped->id();
    result["is_private"] = stopped->is_private ? 1 : 0;
  }
  push_result(transaction, std::move(result));
  notify(std::move(news));
  if (context_.has_peer_connection()) context_.close_peer_connection();
  else end();
}

void RecordPlayHandle::on_hangup(std::string_view) {
  auto ended = std::exchange(stop_answered_, false) ? nullptr : active_;
  end();
  hung_up_ = std::move(ended);
}

void RecordPlayHandle::playout_over() {
  if (role_ == Role::player && context_.has_peer_connection()) context_.close_peer_connection();
}

// The recorders' ends are what completes a recording: they close when the media half lets go of them.
void RecordPlayHandle::end() {
  JsonObject result{{"status", "done"}};
  if (active_) {
    result["id"] = active_->id();
    result["is_private"] = active_->is_private ? 1 : 0;
  }
  push_result({}, std::move(result));
  context_.post_media([](MediaHandler& media) { static_cast<RecordPlayMedia&>(media).stop(); });
  ++turn_;
  role_ = Role::none;
  active_.reset();
  hung_up_.reset();
  tracks_.clear();
  red_.reset();
  e2ee_ = false;
  origin_.version = 0;
}

// ---- what others see ---------------------------------------------------------------------------------

void RecordPlayHandle::on_slow_link(const SlowLink& slow) {
  JsonObject result{{"status", "slow_link"}, {"media", media_kind_name(slow.kind)}};
  if (slow.kind == MediaKind::video) result["current-bitrate"] = care_.bitrate_max;
  result["uplink"] = slow.uplink ? 0 : 1;  // as the client sees it
  push_result({}, std::move(result));
}

void RecordPlayHandle::notify(JsonObject data) {
  if (settings_.events && plugin_.events_enabled()) context_.notify_event(std::move(data));
}

void RecordPlayHandle::notify_tracks(std::string_view name) {
  JsonObject data{{"event", name}, {"id", active_->id()}};
  if (role_ == Role::recorder) data["is_private"] = active_->is_private;
  for (MediaKind kind : {MediaKind::audio, MediaKind::video, MediaKind::data}) {
    data[media_kind_name(kind)] = std::ranges::find(tracks_, kind, &mjr::Header::kind) != tracks_.end();
  }
  notify(std::move(data));
}

Json RecordPlayHandle::query() const {
  JsonObject info{{"type", role_ == Role::recorder ? "recorder" : role_ == Role::player ? "player" : "none"}};
  if (active_) {
    info["recording_id"] = active_->id();
    info["recording_name"] = active_->nfo.name;
  }
  if (e2ee_) info["e2ee"] = true;
  info["hangingup"] = 0;
  info["destroyed"] = 0;
  return info;
}

}  // namespace limen::recordplay
