// TextRoom's verbs that make, change and list rooms (spec plugin-textroom, sections 4.1 to 4.6).
#include "base/log.hpp"
#include "config/category_edit.hpp"
#include "plugins/textroom/text_requests.hpp"
#include "plugins/textroom/text_verbs.hpp"

namespace limen::textroom {
namespace {

constexpr std::string_view kPackage = "janus.plugin.textroom";

TextResult<> check_permanent(TextCall& call, bool permanent, std::string_view what) {
  if (!permanent || config::module_file(call.service.context().configs_folder(), kPackage)) return {};
  return refuse(TextErrorCode::unknown, "No configuration file, can't {} permanent room", what);
}

// True if it worked; a room is changed in any case.
bool saved(const Result<>& result, const Room& room) {
  if (!result) log::error("", "TextRoom: room {} is not saved: {}", room.id().text(), result.error().text);
  return result.has_value();
}

bool knows_admin_key(TextCall& call) {
  const std::string& key = call.service.settings().admin_key;
  const Json* given = call.body.if_contains("admin_key");
  return !key.empty() && given != nullptr && given->is_string() && !given->get_string().empty();
}

TextResult<std::set<std::string, std::less<>>> read_tokens(const JsonArray& array) {
  std::set<std::string, std::less<>> tokens;
  for (const Json& token : array) {
    if (!token.is_string()) {
      return refuse(TextErrorCode::invalid_element, "Invalid element in the allowed array (not a string)");
    }
    tokens.emplace(token.get_string());
  }
  return tokens;
}

RoomSettings settings_of(CreateRequest& request, const RoomId& id) {
  RoomSettings settings;
  settings.description = request.description.value_or("");
  if (settings.description.empty()) settings.description = fmt::format("Room {}", id.text());
  settings.is_private = request.is_private.value_or(false);
  settings.secret = request.secret;
  settings.pin = request.pin;
  settings.post = request.post.value_or("");
  settings.history = static_cast<uint16_t>(request.history.value_or(0));
  return settings;
}

}  // namespace

TextResult<Room*> find_room(TextCall& call) {
  auto id = require_room_id(call.body, call.service.settings().string_ids);
  if (!id) return std::unexpected(id.error());
  if (Room* room = call.service.rooms().find(*id)) return room;
  return refuse(TextErrorCode::no_such_room, "No such room ({})", id->text());
}

TextResult<Room*> find_managed_room(TextCall& call) {
  auto room = find_room(call);
  if (!room) return room;
  if (auto secret = check_secret<TextErrorCode>(call.body, "secret", (*room)->settings.secret); !secret) {
    return std::unexpected(secret.error());
  }
  return room;
}

TextAnswer list(TextCall& call) {
  bool all = knows_admin_key(call);
  if (all) {
    auto key = check_admin_key<TextErrorCode>(call.body, call.service.settings().admin_key);
    if (!key) return std::unexpected(key.error());
  }
  JsonArray rooms;
  for (const auto& [id, room] : call.service.rooms().rooms()) {
    if (room->settings.is_private && !all) continue;
    rooms.push_back(JsonObject{{"room", id.json()},
                               {"description", room->settings.description},
                               {"pin_required", room->settings.pin.has_value()},
                               {"num_participants", room->participants().size()},
                               {"history", room->settings.history}});
  }
  return JsonObject{{"textroom", "success"}, {"list", std::move(rooms)}};
}

TextAnswer list_participants(TextCall& call) {
  auto room = find_room(call);
  if (!room) return std::unexpected(room.error());
  JsonArray participants;
  for (const auto& [name, participant] : (*room)->participants()) {
    JsonObject entry{{"username", name}};
    if (participant.display) entry["display"] = *participant.display;
    participants.push_back(std::move(entry));
  }
  return JsonObject{{"textroom", "success"}, {"room", (*room)->id().json()}, {"participants", std::move(participants)}};
}

TextAnswer exists(TextCall& call) {
  auto id = require_room_id(call.body, call.service.settings().string_ids);
  if (!id) return std::unexpected(id.error());
  return JsonObject{
      {"textroom", "success"}, {"room", id->json()}, {"exists", call.service.rooms().find(*id) != nullptr}};
}

TextAnswer create(TextCall& call) {
  TextService& service = call.service;
  auto request = read_text_request<CreateRequest>(call.body);
  if (!request) return std::unexpected(request.error());
  auto wanted = read_room_id(call.body, service.settings().string_ids);
  if (!wanted) return std::unexpected(wanted.error());
  if (auto key = check_admin_key<TextErrorCode>(call.body, service.settings().admin_key); !key) {
    return std::unexpected(key.error());
  }
  auto tokens = read_tokens(request->allowed.value_or(JsonArray{}));
  if (!tokens) return std::unexpected(tokens.error());
  bool permanent = request->permanent.value_or(false);
  if (auto possible = check_permanent(call, permanent, "create"); !possible) return std::unexpected(possible.error());
  bool random = !*wanted || (*wanted)->empty();
  RoomId id = random ? service.rooms().unused_id(service.context().random(), service.settings().string_ids) : **wanted;
  if (service.rooms().find(id) != nullptr) {
    return refuse(TextErrorCode::room_exists, "Room {} already exists", id.text());
  }
  Room& room = service.rooms().add(id, settings_of(*request, id));
  room.checking_tokens = request->allowed.has_value();
  room.tokens = std::move(*tokens);
  permanent = permanent && saved(save_room(service.context().configs_folder(), kPackage, room), room);
  service.notify(call.member, JsonObject{{"event", "created"}, {"room", id.json()}});
  return JsonObject{{"textroom", call.success("created")}, {"room", id.json()}, {"permanent", permanent}};
}

TextAnswer edit(TextCall& call) {
  TextService& service = call.service;
  auto request = read_text_request<EditRequest>(call.body);
  if (!request) return std::unexpected(request.error());
  bool permanent = request->permanent.value_or(false);
  if (auto possible = check_permanent(call, permanent, "edit"); !possible) return std::unexpected(possible.error());
  auto found = find_managed_room(call);
  if (!found) return std::unexpected(found.error());
  Room& room = **found;
  auto take_text = [](const std::optional<std::string>& given, auto& target) {
    if (given && !given->empty()) target = *given;
  };
  take_text(request->description, room.settings.description);
  take_text(request->secret, room.settings.secret);
  take_text(request->pin, room.settings.pin);
  take_text(request->post, room.settings.post);
  if (request->is_private) room.settings.is_private = *request->is_private;
  permanent = permanent && saved(save_room(service.context().configs_folder(), kPackage, room), room);
  service.notify(call.member, JsonObject{{"event", "edited"}, {"room", room.id().json()}});
  return JsonObject{{"textroom", call.success("edited")}, {"room", room.id().json()}, {"permanent", permanent}};
}

TextAnswer destroy(TextCall& call) {
  TextService& service = call.service;
  auto request = read_text_request<DestroyRequest>(call.body);
  if (!request) return std::unexpected(request.error());
  bool permanent = request->permanent.value_or(false);
  if (auto possible = check_permanent(call, permanent, "destroy"); !possible) return std::unexpected(possible.error());
  auto found = find_managed_room(call);
  if (!found) return std::unexpected(found.error());
  RoomId id = (*found)->id();
  SharedText gone = service.text(JsonObject{{"textroom", "destroyed"}, {"room", id.json()}});
  if (call.member != nullptr) call.member->send(gone);
  (*found)->tell(gone);
  permanent = permanent && saved(unsave_room(service.context().configs_folder(), kPackage, id), **found);
  service.rooms().remove(id);
  service.notify(call.member, JsonObject{{"event", "destroyed"}, {"room", id.json()}});
  return JsonObject{{"textroom", call.success("destroyed")}, {"room", id.json()}, {"permanent", permanent}};
}

}  // namespace limen::textroom
