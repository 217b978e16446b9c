// TextRoom's verbs for who manages a room (spec plugin-textroom, sections 4.7 to 4.9).
#include "plugins/textroom/text_requests.hpp"
#include "plugins/textroom/text_verbs.hpp"

namespace limen::textroom {
namespace {

TextResult<> check_tokens(const JsonArray& tokens) {
  for (const Json& token : tokens) {
    if (!token.is_string()) {
      return refuse(TextErrorCode::invalid_element, "Invalid element in the allowed array (not a string)");
    }
  }
  return {};
}

}  // namespace

TextAnswer allowed(TextCall& call) {
  auto request = read_text_request<AllowedRequest>(call.body);
  if (!request) return std::unexpected(request.error());
  auto found = find_managed_room(call);
  if (!found) return std::unexpected(found.error());
  Room& room = **found;
  const std::string& action = request->action;
  bool add = config::same_text(action, "add"), remove = config::same_text(action, "remove");
  bool enable = config::same_text(action, "enable"), disable = config::same_text(action, "disable");
  if (!add && !remove && !enable && !disable) {
    return refuse(TextErrorCode::invalid_element, "Unsupported action '{}' (allowed)", action);
  }
  if (enable) room.checking_tokens = true;
  if (disable) room.checking_tokens = false;
  JsonArray given = add || remove ? request->allowed.value_or(JsonArray{}) : JsonArray{};
  if (auto good = check_tokens(given); !good) return std::unexpected(good.error());
  for (const Json& token : given) {
    if (add) room.tokens.emplace(token.get_string());
    if (remove) room.tokens.erase(std::string(token.get_string()));
  }
  JsonObject reply{{"textroom", "success"}, {"room", room.id().json()}};
  if (!disable) {
    JsonArray tokens;
    for (const std::string& token : room.tokens) tokens.emplace_back(token);
    reply["allowed"] = std::move(tokens);
  }
  return reply;
}

TextAnswer kick(TextCall& call) {
  auto request = read_text_request<KickRequest>(call.body);
  if (!request) return std::unexpected(request.error());
  auto found = find_managed_room(call);
  if (!found) return std::unexpected(found.error());
  Room& room = **found;
  if (room.find(std::string_view(request->username)) == nullptr) {
    return refuse(TextErrorCode::no_such_user, "No such user {} in room {}", request->username, room.id().text());
  }
  JsonObject event{{"textroom", "kicked"}, {"room", room.id().json()}, {"username", request->username}};
  room.tell(call.service.text(event));
  room.remove(request->username);
  call.service.notify(call.member, event);
  return JsonObject{{"textroom", "success"}};
}

TextAnswer announcement(TextCall& call) {
  auto request = read_text_request<AnnouncementRequest>(call.body);
  if (!request) return std::unexpected(request.error());
  auto room = find_managed_room(call);
  if (!room) return std::unexpected(room.error());
  JsonObject event{{"textroom", "announcement"},
                   {"room", (*room)->id().json()},
                   {"date", call.service.date()},
                   {"text", request->text}};
  call.service.publish(**room, event, std::nullopt);
  return JsonObject{{"textroom", "success"}};
}

}  // namespace limen::textroom
