// BridgeHandle: coming into a room, and going to another one (contract, 4.1 and 4.3).
#include <algorithm>

#include "base/constant_time.hpp"
#include "plugins/audiobridge/bridge_handle.hpp"
#include "plugins/audiobridge/room.hpp"
#include "plugins/audiobridge/rooms.hpp"

namespace limen::audiobridge {

BridgeResult<> BridgeHandle::check_entry(const Room& room, const JsonObject& body, const JoinExtras& extras) const {
  const RoomSettings& settings = room.settings();
  PluginContext& context = rooms_.context();
  if (settings.signed_tokens && context.signed_tokens() &&
      !context.token_allows(extras.token.value_or(""), "room=" + room.id().text())) {
    return refuse(ErrorCode::unauthorized, "Unauthorized (wrong token)");
  }
  if (auto good = check_secret<ErrorCode>(body, "pin", settings.pin); !good) return good;
  if (room.checks_tokens && (!extras.token || !constant_time_contains(room.allowed, *extras.token))) {
    return refuse(ErrorCode::unauthorized, "Unauthorized (not in the allowed list)");
  }
  return {};
}

BridgeResult<> BridgeHandle::take_wishes(const MediaRequest& r, const JoinExtras& extras, bool moving,
                                         Admission& admission) const {
  const RoomSettings& settings = admission.room->settings();
  Wishes& w = admission.wishes;
  if (!settings.groups.empty()) {
    if (!r.group) return refuse(ErrorCode::missing_element, "Missing mandatory element (group)");
    w.group = settings.group(*r.group);
    if (!w.group) return refuse(ErrorCode::no_such_group, "No such group ({})", *r.group);
  }
  if (r.quality && (*r.quality < 1 || *r.quality > 10)) {
    return refuse(ErrorCode::invalid_element,
                  "Invalid element (quality should be a positive integer between 1 and 10)");
  }
  if (r.expected_loss && *r.expected_loss > kMaxExpectedLoss) {
    return refuse(ErrorCode::invalid_element,
                  "Invalid element (expected_loss should be a positive integer between 0 and 20)");
  }
  w.expected_loss = settings.default_expectedloss;
  if (moving) {
    w.quality = participant_->wishes.quality;
    w.expected_loss = participant_->wishes.expected_loss;
  }
  if (r.quality) w.quality = static_cast<uint32_t>(*r.quality);
  if (r.expected_loss) w.expected_loss = static_cast<uint32_t>(*r.expected_loss);
  w.display = r.display;
  w.muted = r.muted.value_or(false);
  w.suspended = extras.suspended.value_or(false);
  w.pause_events = w.suspended && extras.pause_events.value_or(false);
  w.bitrate = r.bitrate ? usable_bitrate(*r.bitrate) : settings.default_bitrate;
  w.volume = static_cast<uint32_t>(std::min<uint64_t>(r.volume.value_or(100), UINT32_MAX));
  w.position = static_cast<uint32_t>(std::min<uint64_t>(r.spatial_position.value_or(50), 100));
  w.talk = {.packets = settings.audio_active_packets, .average = settings.audio_level_average};
  if (extras.audio_active_packets.value_or(0) > 0) w.talk.packets = *extras.audio_active_packets;
  if (extras.audio_level_average.value_or(0) > 0) w.talk.average = *extras.audio_level_average;
  return {};
}

BridgeResult<BridgeHandle::Admission> BridgeHandle::admit(const JsonObject& body, bool moving) const {
  auto request = read<MediaRequest>(body);
  if (!request) return passed_on(request);
  auto extras = read<JoinExtras>(body);
  if (!extras) return passed_on(extras);
  auto id = read_id(body, "id", rooms_.strings(), false);
  if (!id && !moving) return passed_on(id);  // who moves with no good id gets a new one
  if (!id) id = std::optional<Id>();
  auto room = rooms_.named(body);
  if (!room) return passed_on(room);
  Admission out;
  out.room = *room;
  if (moving && out.room == &participant_->room()) {
    return refuse(ErrorCode::already_joined, "Already in this room");
  }
  if (request->rtp && !moving && !(*room)->settings().allow_rtp_participants) {
    return refuse(ErrorCode::unauthorized, "Plain RTP participants not allowed in this room");
  }
  if (auto good = check_entry(**room, body, *extras); !good) return passed_on(good);
  if (const Json* secret = body.if_contains("secret")) {
    if (!secret->is_string()) {
      return refuse(ErrorCode::invalid_element, "Invalid element type (secret should be a string)");
    }
    if (auto good = check_secret<ErrorCode>(body, "secret", (*room)->settings().secret); !good) return passed_on(good);
    out.admin = true;
  }
  if (auto good = take_wishes(*request, *extras, moving, out); !good) return passed_on(good);
  if (extras->codec) {
    auto codec = codec_from_name(*extras->codec).value_or(Codec::unknown);
    if (codec != Codec::opus && codec != Codec::pcmu && codec != Codec::pcma) {
      return refuse(ErrorCode::invalid_element, "Invalid element (codec must opus, pcmu or pcma)");
    }
    out.codec = codec;
  }
  if (line_.codec) out.codec = *line_.codec;
  if (out.codec != Codec::opus && !(*room)->settings().takes_g711()) {
    return refuse(ErrorCode::invalid_element, "Invalid element (codec cannot be used at {} Hz)",
                  (*room)->settings().sampling_rate);
  }
  out.id = id->value_or(Id());
  if (out.id.empty()) out.id = rooms_.free_member_id(**room);
  if ((*room)->find(out.id) != nullptr) {
    return refuse(ErrorCode::id_exists, "User ID {} already exists", out.id.text());
  }
  out.record = request->record.value_or(false);
  out.filename = request->filename.value_or("");
  out.offer = request->generate_offer.value_or(false);
  return out;
}

void BridgeHandle::enter(Admission& admission, bool moving) {
  Room& room = *admission.room;
  line_.codec = admission.codec;
  line_.levels = line_.level_id != 0 && room.settings().audiolevel_ext;
  participant_ = std::make_unique<Participant>(room, context_, static_cast<Stay&>(*this), line_, admission.id,
                                               admission.wishes, admission.admin);
  if (admission.record || room.settings().mjrs) participant_->record(true, admission.filename);
  // A PeerConnection of before counts as set up from the next event on; plain RTP, and who moves, do at once.
  JsonObject newcomer = participant_->describe(View::event);
  if (!line_.plain && !moving) newcomer["setup"] = false;
  room.tell_all(
      JsonObject{{"audiobridge", "joined"}, {"room", room.id().json()}, {"participants", JsonArray{newcomer}}},
      participant_.get());
  if (moving) newcomer.erase("setup");
  notify("joined", std::move(newcomer));
}

JsonObject BridgeHandle::welcome(std::string_view word) const {
  const Room& room = participant_->room();
  JsonArray others;
  for (const auto& [id, member] : room.members()) {
    if (member != participant_.get()) others.push_back(member->describe(View::list));
  }
  return JsonObject{{"audiobridge", word},
                    {"room", room.id().json()},
                    {"id", participant_->id().json()},
                    {"participants", std::move(others)}};
}

BridgeResult<BridgeHandle::Outcome> BridgeHandle::join(const JsonObject& body) {
  if (participant_) {
    return refuse(ErrorCode::already_joined, "Already in a room (use changeroom to join another one)");
  }
  auto admission = admit(body, false);
  if (!admission) return passed_on(admission);
  enter(*admission, false);
  Outcome out;
  out.data = welcome("joined");
  if (line_.plain) {
    out.data["rtp"] = JsonObject{
        {"ip", line_.plain->local_ip}, {"port", line_.plain->local_port}, {"payload_type", line_.plain->payload_type}};
  } else if (admission->offer && !line_.negotiated) {
    out.jsep = make_offer();
  }
  return out;
}

BridgeResult<BridgeHandle::Outcome> BridgeHandle::change_room(const JsonObject& body) {
  if (auto id = require_id(body, "room", rooms_.strings()); !id) return passed_on(id);
  if (!participant_) {
    return refuse(ErrorCode::not_joined, "Can't change room (not in a room in the first place)");
  }
  auto admission = admit(body, true);
  if (!admission) return passed_on(admission);
  notify_left(&context_);
  Room& old = participant_->room();
  JsonObject news = old.event();
  news["leaving"] = participant_->id().json();
  participant_.reset();
  old.tell_all(news);
  enter(*admission, true);
  Outcome out;
  out.data = welcome("roomchanged");
  return out;
}

}  // namespace limen::audiobridge
