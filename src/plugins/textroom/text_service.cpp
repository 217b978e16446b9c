#include "plugins/textroom/text_service.hpp"

#include <ctime>

#include "plugins/textroom/text_verbs.hpp"

namespace limen::textroom {
namespace {

struct VerbEntry {
  std::string_view name;
  TextVerb verb;
  bool api;  // may come over the Janus and admin APIs
};
constexpr VerbEntry kVerbs[] = {
    {"list", list, true},
    {"listparticipants", list_participants, true},
    {"exists", exists, true},
    {"create", create, true},
    {"edit", edit, true},
    {"destroy", destroy, true},
    {"allowed", allowed, true},
    {"kick", kick, true},
    {"announcement", announcement, true},
    {"join", join, false},
    {"leave", leave, false},
    {"message", message, false},
};

const VerbEntry* find_verb(std::string_view name) {
  for (const VerbEntry& entry : kVerbs) {
    if (config::same_text(entry.name, name)) return &entry;
  }
  return nullptr;
}

TextResult<std::string> mandatory_text(const JsonObject& body, std::string_view key) {
  const Json* value = body.if_contains(key);
  if (value == nullptr) return refuse(TextErrorCode::missing_element, "Missing mandatory element ({})", key);
  if (value->is_string()) return std::string(value->get_string());
  return refuse(TextErrorCode::invalid_element, "Invalid element type ({} should be a string)", key);
}

TextAnswer run_verb(TextCall& call) {
  auto name = mandatory_text(call.body, "textroom");
  if (!name) return std::unexpected(name.error());
  if (auto transaction = mandatory_text(call.body, "transaction"); !transaction) {
    return std::unexpected(transaction.error());
  }
  const VerbEntry* entry = find_verb(*name);
  if (entry == nullptr) return refuse(TextErrorCode::invalid_request, "Unsupported request {}", *name);
  return entry->verb(call);
}

}  // namespace

TextService::TextService(PluginContext& context, TextSettings settings, RoomTable rooms,
                         std::shared_ptr<HttpPosts> posts)
    : context_(context),
      settings_(std::move(settings)),
      format_(json_format_from_name(settings_.json).value_or(JsonFormat::compact)),
      rooms_(std::move(rooms)),
      posts_(std::move(posts)) {}

bool TextService::is_api_request(std::string_view name) {
  const VerbEntry* entry = find_verb(name);
  return entry != nullptr && entry->api;
}

std::optional<JsonObject> TextService::run(const JsonObject& body, Member* member, Door door) {
  TextCall call{*this, body, member, door};
  TextAnswer answer = run_verb(call);
  if (answer && !*answer) return std::nullopt;
  JsonObject reply = answer ? std::move(**answer) : error_object(answer.error());
  // A message that is no request has none either.
  bool request = mandatory_text(body, "textroom") && mandatory_text(body, "transaction");
  if (door == Door::data_channel && request) reply["transaction"] = body.at("transaction");
  return reply;
}

void TextService::leave_all(Member& member) {
  std::set<RoomId> ids = member.rooms();
  for (const RoomId& id : ids) {
    Room* room = rooms_.find(id);
    const Participant* participant = room == nullptr ? nullptr : room->find(&member);
    if (participant == nullptr) continue;
    std::string username = participant->username;
    room->remove(username);  // there is nobody to tell any more
    JsonObject event{{"textroom", "leave"}, {"room", id.json()}, {"username", username}};
    room->tell(text(event));
    notify(&member, JsonObject{{"event", "leave"}, {"room", id.json()}, {"username", username}});
  }
}

void TextService::leave(Room& room, const std::string& username) {
  const Participant* participant = room.find(std::string_view(username));
  if (participant == nullptr) return;
  Member* member = participant->member;
  std::string name = username;
  room.tell(text(JsonObject{{"textroom", "leave"}, {"room", room.id().json()}, {"username", name}}));
  room.remove(name);
  notify(member, JsonObject{{"event", "leave"}, {"room", room.id().json()}, {"username", name}});
}

std::string TextService::date() const {
  auto seconds = static_cast<std::time_t>(context_.executor().wall_time().us / 1'000'000);
  std::tm local{};
  localtime_r(&seconds, &local);
  char out[32] = {};
  std::strftime(out, sizeof(out), "%Y-%m-%dT%H:%M:%S%z", &local);
  return out;
}

void TextService::notify(Member* member, const JsonObject& event) {
  if (!settings_.events || !context_.events_enabled()) return;
  if (member != nullptr) member->notify(event);
  else context_.notify_event(event);
}

void TextService::publish(Room& room, const JsonObject& event, const std::optional<std::string>& display) {
  SharedText shared = text(event);
  room.tell(shared);
  if (!room.settings.post.empty()) {
    posts_->post(room.id().text(), room.settings.post, std::string(as_text(shared->bytes)));
  }
  if (!display) return room.remember(std::move(shared));
  JsonObject remembered = event;
  remembered["display"] = *display;
  room.remember(text(remembered));
}

}  // namespace limen::textroom
