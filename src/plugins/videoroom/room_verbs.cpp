#include "plugins/videoroom/room_verbs.hpp"

#include <algorithm>
#include <array>

#include "plugins/videoroom/publisher.hpp"
#include "plugins/videoroom/requests.hpp"
#include "plugins/videoroom/rooms.hpp"

namespace limen::videoroom {
namespace {

constexpr std::array kVerbs{
    RoomVerb{.name = "create", .run = create_room},
    RoomVerb{.name = "edit", .run = edit_room},
    RoomVerb{.name = "destroy", .run = destroy_room},
    RoomVerb{.name = "exists", .run = room_exists},
    RoomVerb{.name = "list", .run = list_rooms},
    RoomVerb{.name = "allowed", .run = edit_allowed},
    RoomVerb{.name = "kick", .run = kick_member},
    RoomVerb{.name = "moderate", .run = moderate_member},
    RoomVerb{.name = "listparticipants", .run = list_participants},
    RoomVerb{.name = "enable_recording", .run = record_room},
    RoomVerb{.name = "rtp_forward", .later = forward_rtp},
    RoomVerb{.name = "stop_rtp_forward", .run = stop_forward_rtp},
    RoomVerb{.name = "listforwarders", .run = list_forwarders},
    RoomVerb{.name = "add_remote_publisher", .later = add_remote_publisher},
    RoomVerb{.name = "update_remote_publisher", .run = update_remote_publisher},
    RoomVerb{.name = "remove_remote_publisher", .run = remove_remote_publisher},
    RoomVerb{.name = "publish_remotely", .later = publish_remotely},
    RoomVerb{.name = "unpublish_remotely", .run = unpublish_remotely},
    RoomVerb{.name = "listremotes", .run = list_remotes},
};

RoomResult<std::set<std::string>> read_tokens(const JsonArray& array) {
  std::set<std::string> out;
  for (const Json& token : array) {
    if (!token.is_string()) {
      return refuse(ErrorCode::invalid_element, "Invalid element in the allowed array (not a string)");
    }
    out.emplace(token.get_string());
  }
  return out;
}

struct CreateExtras {
  std::optional<JsonArray> allowed, dummy_streams;
  std::optional<bool> permanent;
};
template <typename V>
void describe(V& v, CreateExtras& r) {
  v.field("allowed", r.allowed, "Tokens that may join");
  v.field("dummy_streams", r.dummy_streams, "Streams of the dummy publisher");
  v.field("permanent", r.permanent, "Write it into the configuration file, too");
}

RoomResult<> check_permanent(Rooms& rooms, bool permanent) {
  if (!permanent || rooms.can_save()) return {};
  return refuse(ErrorCode::unknown, "No configuration file, can't make a permanent change");
}

}  // namespace

std::string lower_case(std::string_view text) {
  std::string out(text);
  std::ranges::transform(out, out.begin(), [](unsigned char c) { return std::tolower(c); });
  return out;
}

const RoomVerb* find_room_verb(std::string_view name) {
  auto found = std::ranges::find(kVerbs, name, &RoomVerb::name);
  return found == kVerbs.end() ? nullptr : &*found;
}

RoomResult<JsonObject> create_room(const RoomCall& call) {
  auto keys = read<RoomKeys>(call.body);
  if (!keys) return passed_on(keys);
  auto extras = read<CreateExtras>(call.body);
  if (!extras) return passed_on(extras);
  auto id = read_id(call.body, "room", call.rooms.strings(), false);
  if (!id) return passed_on(id);
  if (auto good = check_admin_key<ErrorCode>(call.body, call.rooms.general().admin_key); !good) return passed_on(good);
  auto settings = settings_from_request(*keys, call.body);
  if (!settings) return passed_on(settings);
  RoomResult<std::set<std::string>> tokens;
  if (extras->allowed) tokens = read_tokens(*extras->allowed);
  if (!tokens) return passed_on(tokens);
  bool permanent = extras->permanent.value_or(false);
  if (auto good = check_permanent(call.rooms, permanent); !good) return passed_on(good);
  Id wanted = id->value_or(Id());
  if (wanted.empty()) wanted = call.rooms.free_id();
  if (call.rooms.find(wanted) != nullptr) return refuse(ErrorCode::room_exists, "Room ID already exists");
  Room& room = call.rooms.add(wanted, std::move(*settings));
  room.checks_tokens = extras->allowed.has_value();
  room.allowed = std::move(*tokens);
  bool saved = permanent && call.rooms.save(room);
  call.rooms.notify(call.handle, JsonObject{{"event", "created"}, {"room", room.id().json()}});
  return JsonObject{{"videoroom", "created"}, {"room", room.id().json()}, {"permanent", saved}};
}

RoomResult<JsonObject> edit_room(const RoomCall& call) {
  auto id = require_id(call.body, "room", call.rooms.strings());
  if (!id) return passed_on(id);
  auto request = read<EditRequest>(call.body);
  if (!request) return passed_on(request);
  bool permanent = request->permanent.value_or(false);
  if (auto good = check_permanent(call.rooms, permanent); !good) return passed_on(good);
  auto room = call.rooms.access(*id, call.body);
  if (!room) return passed_on(room);
  RoomSettings& s = (*room)->settings();
  auto take_text = [](const std::optional<std::string>& from, auto& to) {
    if (from && !from->empty()) to = *from;
  };
  take_text(request->description, s.description);
  take_text(request->new_secret, s.secret);
  take_text(request->pin, s.pin);
  if (request->is_private) s.is_private = *request->is_private;
  if (request->require_pvtid) s.require_pvtid = *request->require_pvtid;
  if (request->bitrate) s.bitrate = floored_bitrate(*request->bitrate);
  if (request->fir_freq) s.fir_freq = static_cast<uint16_t>(*request->fir_freq);
  if (request->publishers) s.publishers = *request->publishers;
  if (request->lock_record) s.lock_record = *request->lock_record;
  if (request->rec_dir) s.rec_dir = *request->rec_dir;
  bool saved = permanent && call.rooms.save(**room);
  call.rooms.notify(call.handle, JsonObject{{"event", "edited"}, {"room", (*room)->id().json()}});
  return JsonObject{{"videoroom", "edited"}, {"room", (*room)->id().json()}, {"permanent", saved}};
}

RoomResult<JsonObject> destroy_room(const RoomCall& call) {
  auto id = require_id(call.body, "room", call.rooms.strings());
  if (!id) return passed_on(id);
  auto request = read<DestroyRequest>(call.body);
  if (!request) return passed_on(request);
  bool permanent = request->permanent.value_or(false);
  if (auto good = check_permanent(call.rooms, permanent); !good) return passed_on(good);
  auto room = call.rooms.access(*id, call.body);
  if (!room) return passed_on(room);
  call.rooms.destroy(**room);
  bool saved = permanent && call.rooms.forget_saved(*id);
  call.rooms.notify(call.handle, JsonObject{{"event", "destroyed"}, {"room", id->json()}});
  return JsonObject{{"videoroom", "destroyed"}, {"room", id->json()}, {"permanent", saved}};
}

RoomResult<JsonObject> room_exists(const RoomCall& call) {
  auto id = require_id(call.body, "room", call.rooms.strings());
  if (!id) return passed_on(id);
  return JsonObject{{"videoroom", "success"}, {"room", id->json()}, {"exists", call.rooms.find(*id) != nullptr}};
}

RoomResult<JsonObject> list_rooms(const RoomCall& call) {
  const Json* key = call.body.if_contains("admin_key");
  bool all =
      key != nullptr && key->is_string() && !key->get_string().empty() && !call.rooms.general().admin_key.empty();
  if (all) {
    if (auto good = check_admin_key<ErrorCode>(call.body, call.rooms.general().admin_key); !good) {
      return passed_on(good);
    }
  }
  JsonArray list;
  for (const auto& [id, room] : call.rooms.all()) {
    if (all || !room->settings().is_private) list.push_back(room->list_entry());
  }
  return JsonObject{{"videoroom", "success"}, {"list", std::move(list)}};
}

RoomResult<JsonObject> edit_allowed(const RoomCall& call) {
  auto id = require_id(call.body, "room", call.rooms.strings());
  if (!id) return passed_on(id);
  auto request = read<AllowedRequest>(call.body);
  if (!request) return passed_on(request);
  std::string action = lower_case(request->action);
  if (action != "enable" && action != "disable" && action != "add" && action != "remove") {
    return refuse(ErrorCode::invalid_element, "Unsupported action '{}' (allowed)", request->action);
  }
  auto room = call.rooms.access(*id, call.body);
  if (!room) return passed_on(room);
  Room& r = **room;
  if (action == "enable" || action == "disable") {
    r.checks_tokens = action == "enable";
  } else if (request->allowed) {
    auto tokens = read_tokens(*request->allowed);
    if (!tokens) return passed_on(tokens);
    for (const std::string& token : *tokens) {
      if (action == "add") r.allowed.insert(token);
      else r.allowed.erase(token);
    }
  }
  JsonObject out{{"videoroom", "success"}, {"room", r.id().json()}};
  if (action != "disable") out["allowed"] = JsonArray(r.allowed.begin(), r.allowed.end());
  return out;
}

}  // namespace limen::videoroom
