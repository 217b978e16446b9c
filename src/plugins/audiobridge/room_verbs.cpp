#include "plugins/audiobridge/room_verbs.hpp"

#include <algorithm>
#include <array>

#include "base/log.hpp"
#include "plugins/audiobridge/participant.hpp"
#include "plugins/audiobridge/requests.hpp"
#include "plugins/audiobridge/rooms.hpp"

namespace limen::audiobridge {
namespace {

constexpr std::array kVerbs{
    RoomVerb{.name = "create", .run = create_room},
    RoomVerb{.name = "edit", .run = edit_room},
    RoomVerb{.name = "destroy", .run = destroy_room},
    RoomVerb{.name = "enable_recording", .run = record_room},
    RoomVerb{.name = "enable_mjrs", .run = record_participants},
    RoomVerb{.name = "list", .run = list_rooms},
    RoomVerb{.name = "exists", .run = room_exists},
    RoomVerb{.name = "allowed", .run = edit_allowed},
    RoomVerb{.name = "listparticipants", .run = list_participants},
    RoomVerb{.name = "mute", .run = mute_member},
    RoomVerb{.name = "unmute", .run = unmute_member},
    RoomVerb{.name = "mute_room", .run = mute_room},
    RoomVerb{.name = "unmute_room", .run = unmute_room},
    RoomVerb{.name = "kick", .run = kick_member},
    RoomVerb{.name = "kick_all", .run = kick_all},
    RoomVerb{.name = "resetdecoder", .run = reset_decoder},
    RoomVerb{.name = "suspend", .run = suspend_member},
    RoomVerb{.name = "resume", .run = resume_member},
    RoomVerb{.name = "rtp_forward", .later = forward_mix},
    RoomVerb{.name = "stop_rtp_forward", .run = stop_forward},
    RoomVerb{.name = "listforwarders", .run = list_forwards},
    RoomVerb{.name = "play_file", .later = play_file},
    RoomVerb{.name = "is_playing", .run = is_playing},
    RoomVerb{.name = "stop_file", .run = stop_file},
    RoomVerb{.name = "stop_all_files", .run = stop_all_files},
    RoomVerb{.name = "listannouncements", .run = list_files},
};

BridgeResult<std::vector<std::string>> read_texts(const JsonArray& array, std::string_view name) {
  std::vector<std::string> out;
  for (const Json& text : array) {
    if (!text.is_string()) {
      return refuse(ErrorCode::invalid_element, "Invalid element in the {} array (not a string)", name);
    }
    out.emplace_back(text.get_string());
  }
  return out;
}

BridgeResult<> check_permanent(const Rooms& rooms, bool permanent) {
  if (!permanent || rooms.can_save()) return {};
  return refuse(ErrorCode::unknown, "No configuration file, can't make a permanent change");
}

BridgeResult<RoomSettings> read_settings(const RoomCall& call, const CreateExtras& extras) {
  auto keys = read<RoomKeys>(call.body);
  if (!keys) return passed_on(keys);
  if (!keys->sampling_rate) keys->sampling_rate = extras.sampling;
  auto settings = settings_from_request(*keys);
  if (!settings || !extras.groups) return settings;
  auto groups = read_texts(*extras.groups, "groups");
  if (!groups) return passed_on(groups);
  if (groups->size() > kMaxGroups) {
    return refuse(ErrorCode::invalid_element, "Too many groups specified (max {} allowed)", kMaxGroups);
  }
  settings->groups = std::move(*groups);
  return settings;
}

}  // namespace

const RoomVerb* find_room_verb(std::string_view name) {
  auto found = std::ranges::find(kVerbs, name, &RoomVerb::name);
  return found == kVerbs.end() ? nullptr : &*found;
}

BridgeResult<JsonObject> create_room(const RoomCall& call) {
  auto extras = read<CreateExtras>(call.body);
  if (!extras) return passed_on(extras);
  auto id = read_id(call.body, "room", call.rooms.strings(), false);
  if (!id) return passed_on(id);
  if (auto keys = read<RoomKeys>(call.body); !keys) return passed_on(keys);
  if (auto good = check_admin_key<ErrorCode>(call.body, call.rooms.general().admin_key); !good) return passed_on(good);
  auto settings = read_settings(call, *extras);
  if (!settings) return passed_on(settings);
  auto tokens = read_texts(extras->allowed.value_or(JsonArray{}), "allowed");
  if (!tokens) return passed_on(tokens);
  bool permanent = extras->permanent.value_or(false);
  if (auto good = check_permanent(call.rooms, permanent); !good) return passed_on(good);
  Id wanted = id->value_or(Id());
  if (wanted.empty()) wanted = call.rooms.free_id();
  if (call.rooms.find(wanted) != nullptr) {
    return refuse(ErrorCode::room_exists, "Room {} already exists", wanted.text());
  }
  Room& room = call.rooms.add(wanted, std::move(*settings));
  room.checks_tokens = extras->allowed.has_value();
  room.allowed.insert(tokens->begin(), tokens->end());
  bool saved = permanent && call.rooms.save(room);
  call.rooms.notify(call.handle, JsonObject{{"event", "created"}, {"room", room.id().json()}});
  return JsonObject{{"audiobridge", "created"}, {"room", room.id().json()}, {"permanent", saved}};
}

BridgeResult<JsonObject> edit_room(const RoomCall& call) {
  auto request = read<EditRequest>(call.body);
  if (!request) return passed_on(request);
  bool permanent = request->permanent.value_or(false);
  if (auto good = check_permanent(call.rooms, permanent); !good) return passed_on(good);
  auto room = call.rooms.access(call.body);
  if (!room) return passed_on(room);
  RoomSettings& s = (*room)->settings();
  if (request->description && !request->description->empty()) s.description = *request->description;
  if (request->secret && !request->secret->empty()) s.secret = *request->secret;
  if (request->pin) s.pin = request->pin->empty() ? std::nullopt : request->pin;
  if (request->is_private) s.is_private = *request->is_private;
  if (request->record_dir) s.record_dir = *request->record_dir;
  if (request->mjrs_dir) s.mjrs_dir = *request->mjrs_dir;
  bool saved = permanent && call.rooms.save(**room);
  call.rooms.notify(call.handle, JsonObject{{"event", "edited"}, {"room", (*room)->id().json()}});
  return JsonObject{{"audiobridge", "edited"}, {"room", (*room)->id().json()}, {"permanent", saved}};
}

BridgeResult<JsonObject> destroy_room(const RoomCall& call) {
  auto request = read<DestroyRequest>(call.body);
  if (!request) return passed_on(request);
  bool permanent = request->permanent.value_or(false);
  if (auto good = check_permanent(call.rooms, permanent); !good) return passed_on(good);
  auto room = call.rooms.access(call.body);
  if (!room) return passed_on(room);
  Id id = (*room)->id();
  call.rooms.destroy(**room);
  bool saved = permanent && call.rooms.forget_saved(id);
  call.rooms.notify(call.handle, JsonObject{{"event", "destroyed"}, {"room", id.json()}});
  return JsonObject{{"audiobridge", "destroyed"}, {"room", id.json()}, {"permanent", saved}};
}

BridgeResult<JsonObject> record_room(const RoomCall& call) {
  auto request = read<RecordRequest>(call.body);
  if (!request) return passed_on(request);
  auto room = call.rooms.access_any(call.body);
  if (!room) return passed_on(room);
  RoomSettings& s = (*room)->settings();
  JsonObject out{{"audiobridge", "success"}, {"record", request->record}};
  if (request->record == s.record) return out;
  if (!request->record) {
    (*room)->stop_recording();
    return out;
  }
  if (request->record_file) s.record_file = *request->record_file;
  if (request->record_dir) s.record_dir = *request->record_dir;
  if (auto done = (*room)->start_recording(); !done) return refuse(ErrorCode::unknown, "{}", done.error().text);
  return out;
}

BridgeResult<JsonObject> record_participants(const RoomCall& call) {
  auto request = read<MjrsRequest>(call.body);
  if (!request) return passed_on(request);
  auto room = call.rooms.access_any(call.body);
  if (!room) return passed_on(room);
  if (request->mjrs_dir) (*room)->settings().mjrs_dir = *request->mjrs_dir;
  (*room)->record_participants(request->mjrs);
  return JsonObject{{"audiobridge", "success"}, {"mjrs", request->mjrs}};
}

BridgeResult<JsonObject> room_exists(const RoomCall& call) {
  auto id = require_id(call.body, "room", call.rooms.strings());
  if (!id) return passed_on(id);
  return JsonObject{{"audiobridge", "success"}, {"room", id->json()}, {"exists", call.rooms.find(*id) != nullptr}};
}

BridgeResult<JsonObject> list_rooms(const RoomCall& call) {
  const std::string& key = call.rooms.general().admin_key;
  const Json* given = call.body.if_contains("admin_key");
  bool all = !key.empty() && given != nullptr && given->is_string() && !given->get_string().empty();
  if (all) {
    if (auto good = check_admin_key<ErrorCode>(call.body, key); !good) return passed_on(good);
  }
  JsonArray list;
  for (const auto& [id, room] : call.rooms.all()) {
    if (all || !room->settings().is_private) list.push_back(room->list_entry());
  }
  return JsonObject{{"audiobridge", "success"}, {"list", std::move(list)}};
}

BridgeResult<JsonObject> edit_allowed(const RoomCall& call) {
  auto request = read<AllowedRequest>(call.body);
  if (!request) return passed_on(request);
  auto found = call.rooms.access(call.body);
  if (!found) return passed_on(found);
  Room& room = **found;
  const std::string& action = request->action;
  if (config::same_text(action, "enable")) {
    room.checks_tokens = true;
  } else if (config::same_text(action, "disable")) {
    room.checks_tokens = false;
  } else if (config::same_text(action, "add") || config::same_text(action, "remove")) {
    auto tokens = read_texts(request->allowed.value_or(JsonArray{}), "allowed");
    if (!tokens) return passed_on(tokens);
    for (const std::string& token : *tokens) {
      if (config::same_text(action, "add")) room.allowed.insert(token);
      else room.allowed.erase(token);
    }
  } else {
    return refuse(ErrorCode::invalid_element, "Unsupported action '{}' (allowed)", action);
  }
  JsonObject out{{"audiobridge", "success"}, {"room", room.id().json()}};
  if (!config::same_text(action, "disable")) out["allowed"] = JsonArray(room.allowed.begin(), room.allowed.end());
  return out;
}

}  // namespace limen::audiobridge
