// Publisher: what its own requests change (contract, 4.3).
#include <algorithm>

#include "plugins/videoroom/events.hpp"
#include "plugins/videoroom/forward_opening.hpp"
#include "plugins/videoroom/publisher.hpp"
#include "plugins/videoroom/publisher_answer.hpp"
#include "plugins/videoroom/requests.hpp"
#include "plugins/videoroom/room.hpp"
#include "plugins/videoroom/rooms.hpp"

namespace limen::videoroom {
namespace {

constexpr int32_t kMaxDelay = 4095;  // 12 bits of the header extension

// The `streams` array; without one, the settings at top level as its only entry.
JsonArray stream_entries(const PublishRequest& request) {
  if (request.streams && request.streams->is_array()) return request.streams->get_array();
  JsonObject single;
  if (request.mid) single["mid"] = *request.mid;
  if (request.send) single["send"] = *request.send;
  if (request.keyframe) single["keyframe"] = *request.keyframe;
  if (request.min_delay) single["min_delay"] = *request.min_delay;
  if (request.max_delay) single["max_delay"] = *request.max_delay;
  return single.empty() ? JsonArray{} : JsonArray{std::move(single)};
}

void take_delay(std::optional<int32_t> min, std::optional<int32_t> max, PublishedStream& stream) {
  if ((min && *min < 0) || (max && *max < 0)) {
    stream.min_delay = stream.max_delay = -1;
    return;
  }
  if (min) {
    stream.min_delay = static_cast<int16_t>(std::min(*min, kMaxDelay));
    stream.max_delay = std::max(stream.max_delay, stream.min_delay);
  }
  if (max) {
    stream.max_delay = static_cast<int16_t>(std::min(*max, kMaxDelay));
    stream.min_delay = stream.min_delay < 0 ? int16_t{0} : std::min(stream.min_delay, stream.max_delay);
  }
}

RoomResult<> check_codec(const std::optional<std::string>& name, const std::vector<Codec>& room, MediaKind kind) {
  if (!name) return {};
  auto codec = codec_from_name(*name);
  if (codec && std::ranges::find(room, *codec) != room.end()) return {};
  return refuse(ErrorCode::invalid_element, "{} codec unavailable in this room",
                kind == MediaKind::audio ? "Audio" : "Video");
}

}  // namespace

RoomResult<> check_descriptions(const std::optional<JsonArray>& descriptions) {
  if (!descriptions) return {};
  for (const Json& entry : *descriptions) {
    auto good = read<DescriptionEntry>(entry_object(entry));
    if (!good) return passed_on(good);
  }
  return {};
}

RoomResult<> Publisher::check_streams(const JsonArray& streams) const {
  for (const Json& json : streams) {
    auto entry = read<PublishStreamEntry>(entry_object(json));
    if (!entry) return passed_on(entry);
    if (!entry->mid && streams.size() > 1) {
      return refuse(ErrorCode::invalid_element, "Invalid value (mid can't be null in a streams array)");
    }
    if (entry->mid && find(*entry->mid) == nullptr) {
      return refuse(ErrorCode::no_such_feed, "No such mid '{}' published", *entry->mid);
    }
  }
  return {};
}

RoomResult<> Publisher::apply(const PublishRequest& request, const JsonObject& body, bool has_offer) {
  if (auto good = check_descriptions(request.descriptions); !good) return good;
  JsonArray entries = stream_entries(request);
  if (auto good = check_streams(entries); !good) return good;
  if (has_offer) {
    if (auto good = check_codecs(request); !good) return good;
  }
  bool any_mid = false;
  apply_streams(entries, any_mid);
  if (!any_mid) apply_kinds(request);
  if (request.bitrate) set_bitrate(*request.bitrate);
  const RoomSettings& settings = room_->settings();
  bool locked = settings.lock_record && settings.secret.has_value();
  if (!locked || check_secret<ErrorCode>(body, "secret", settings.secret)) apply_recording(request);
  apply_names(request);
  if (request.audio_active_packets) audio_active_packets_ = *request.audio_active_packets;
  if (request.audio_level_average && request.audio_level_average->is_int64() &&
      request.audio_level_average->get_int64() > 0) {
    audio_level_average_ =
        static_cast<uint32_t>(std::min<int64_t>(request.audio_level_average->get_int64(), INT32_MAX));
  }
  sync_talk_rules();
  if (!has_offer && apply_descriptions(request)) announce("updated");
  return {};
}

RoomResult<> Publisher::check_codecs(const PublishRequest& request) const {
  const RoomSettings& settings = room_->settings();
  if (auto good = check_codec(request.audiocodec, settings.audio, MediaKind::audio); !good) return good;
  return check_codec(request.videocodec, settings.video, MediaKind::video);
}

void Publisher::apply_streams(const JsonArray& streams, bool& any_mid) {
  for (const Json& json : streams) {
    auto entry = read<PublishStreamEntry>(entry_object(json));
    if (!entry) continue;  // they have all been checked
    any_mid = any_mid || entry->mid.has_value();
    for (const auto& stream : streams_) {
      bool meant = entry->mid ? stream->mid == *entry->mid : stream->kind == MediaKind::video;
      if (!meant) continue;
      if (entry->mid && entry->send) set_send(*stream, *entry->send);
      if (entry->keyframe.value_or(false) && stream->kind == MediaKind::video) ask_keyframe(*stream);
      if (!entry->min_delay && !entry->max_delay) continue;
      take_delay(entry->min_delay, entry->max_delay, *stream);
      tell_media(&PublisherMedia::set_delays, stream->mindex, stream->min_delay, stream->max_delay);
    }
  }
}

void Publisher::apply_kinds(const PublishRequest& request) {
  for (const auto& stream : streams_) {
    const std::optional<bool>& wanted = stream->kind == MediaKind::audio   ? request.audio
                                        : stream->kind == MediaKind::video ? request.video
                                                                           : request.data;
    if (wanted) set_send(*stream, *wanted);
  }
}

void Publisher::apply_names(const PublishRequest& request) {
  if (request.display) {
    bool told = identity_.display.has_value() && *identity_.display != *request.display;
    identity_.display = *request.display;
    if (told) {
      JsonObject news{{"videoroom", "event"}};
      for (auto& member : card()) news[member.key()] = member.value();
      room_->tell_all(news, this);
    }
  }
  if (!request.metadata) return;
  bool told = identity_.metadata.has_value();
  identity_.metadata = *request.metadata;
  if (!told) return;
  room_->tell_all(JsonObject{{"videoroom", "event"}, {"id", id().json()}, {"metadata", *identity_.metadata}}, this);
}

bool Publisher::apply_descriptions(const PublishRequest& request) {
  bool changed = false;
  if (!request.descriptions) return false;
  for (const Json& json : *request.descriptions) {
    auto entry = read<DescriptionEntry>(entry_object(json));
    PublishedStream* stream = entry ? find(entry->mid) : nullptr;
    if (stream == nullptr || stream->description == entry->description) continue;
    stream->description = entry->description;
    changed = true;
  }
  return changed;
}

void Publisher::take_join_settings(const PublishRequest& request, uint32_t active_packets, uint32_t level_average) {
  audio_active_packets_ = active_packets;
  audio_level_average_ = level_average;
  if (request.bitrate) {
    bitrate_ = *request.bitrate;
    tell_media(&PublisherMedia::set_bitrate, uint64_t{bitrate_});
  }
  if (request.record) record_ = *request.record;
  if (request.filename) filename_ = *request.filename;
}

void Publisher::sync_talk_rules() {
  if (room_ == nullptr) return;
  const RoomSettings& settings = room_->settings();
  TalkRule rule;
  rule.packets = audio_active_packets_ > 0 ? audio_active_packets_ : settings.audio_active_packets;
  rule.average = audio_level_average_ > 0 ? audio_level_average_ : settings.audio_level_average;
  tell_media(&PublisherMedia::set_talk_rule, rule);
}

RoomResult<LocalJsep> Publisher::take_offer(const PublishRequest& request, const RemoteJsep& offer) {
  const RoomSettings& settings = room_->settings();
  if (!offer.update && room_->active_publishers(this) == settings.publishers) {
    return refuse(ErrorCode::publishers_full, "Maximum number of publishers ({}) already reached", settings.publishers);
  }
  bool e2ee = offer.e2ee || (offer.update && e2ee_);
  if (settings.require_e2ee && !e2ee) {
    return refuse(ErrorCode::unauthorized, "Room requires end-to-end encrypted media");
  }
  auto description = sdp::parse_sdp(offer.sdp);
  if (!description) {
    return refuse(ErrorCode::invalid_sdp, "Error parsing offer: {}", description.error().text);
  }
  e2ee_ = e2ee;
  AnswerWishes wishes;
  wishes.session_name = room_->session_name();
  if (request.audiocodec) wishes.audio = codec_from_name(*request.audiocodec);
  if (request.videocodec) wishes.video = codec_from_name(*request.videocodec);
  for (const auto& stream : streams_) wishes.fixed.push_back(stream->codec);
  PublisherAnswer answer = answer_publisher(*description, offer, settings, wishes);
  build_streams(answer, request);
  negotiated_ = true;
  if (record_ || settings.record) {
    record_ = true;
    start_recorders();
  }
  return LocalJsep{.type = "answer", .sdp = sdp::write_sdp(answer.description), .restart = false, .e2ee = e2ee_};
}

PublishedStream& Publisher::add_stream() {
  streams_.push_back(std::make_unique<PublishedStream>(*this));
  stream_ids.push_back(media::StreamId::make(feed_ ? feed_.shard : context_->media_id().shard));
  streams_.back()->mindex = static_cast<int>(streams_.size() - 1);
  return *streams_.back();
}

void Publisher::build_streams(const PublisherAnswer& answer, const PublishRequest& request) {
  for (size_t i = 0; i < answer.streams.size(); ++i) {
    const AnsweredStream& from = answer.streams[i];
    PublishedStream& stream = i < streams_.size() ? *streams_[i] : add_stream();
    stream.kind = from.kind;
    stream.mid = from.mid;
    stream.codec = from.codec;
    stream.disabled = from.disabled;
    stream.h264_profile = from.h264_profile;
    stream.vp9_profile = from.vp9_profile;
    stream.fec = from.fec;
    stream.dtx = from.dtx;
    stream.stereo = from.stereo;
    stream.simulcast = from.simulcast;
    stream.svc = from.svc;
    stream.audiolevel_id = from.audiolevel_id;
    stream.videoorient_id = from.videoorient_id;
    stream.playoutdelay_id = from.playoutdelay_id;
  }
  apply_descriptions(request);
  sync_streams();
  extend_remotizations();
}

// What the media half is to know of the streams.
void Publisher::sync_streams() {
  std::vector<PublishedMedia> media;
  for (const auto& stream : streams_) {
    PublishedMedia& plan = media.emplace_back();
    plan.kind = stream->kind;
    plan.id = stream_id(*stream);
    plan.enabled = !stream->disabled;
    plan.active = stream->flows();
    plan.levels = room_->settings().audiolevel_event && stream->audiolevel_id != 0;
    plan.min_delay = stream->min_delay;
    plan.max_delay = stream->max_delay;
  }
  sync_talk_rules();
  tell_media(&PublisherMedia::set_keyframe_period, Duration(std::chrono::seconds(room_->settings().fir_freq)));
  tell_media(&PublisherMedia::set_bitrate, uint64_t{bitrate_});
  tell_media(&PublisherMedia::set_streams, std::move(media));
}

// Servers that get everything get what is new, too.
void Publisher::extend_remotizations() {
  for (const Remotization& remotization : remotizations) {
    extend_remotization(rooms_, *this, remotization, [](size_t, size_t) {});
  }
}

void Publisher::offer_taken() {
  if (active_) announce("updated");
}

Json Publisher::query() const {
  JsonObject out{{"type", "publisher"}};
  if (room_ != nullptr) {
    out["room"] = room_->id().json();
    out["id"] = id().json();
    out["private_id"] = private_id();
    if (identity_.display) out["display"] = *identity_.display;
    if (identity_.metadata) out["metadata"] = *identity_.metadata;
    out["bitrate"] = bitrate_;
    if (e2ee_) out["e2ee"] = true;
    JsonArray streams;
    for (const auto& stream : streams_) streams.push_back(query_stream(*stream));
    out["streams"] = std::move(streams);
  }
  out["hangingup"] = 0;
  out["destroyed"] = 0;
  return out;
}

}  // namespace limen::videoroom
