// TextRoom's verbs for who is in a room (spec plugin-textroom, sections 4.10 to 4.12).
#include "base/constant_time.hpp"
#include "plugins/textroom/text_requests.hpp"
#include "plugins/textroom/text_verbs.hpp"

namespace limen::textroom {
namespace {

bool token_good(TextService& service, const Room& room, const std::optional<std::string>& token) {
  if (!room.checking_tokens) return true;
  if (!token) return false;
  if (constant_time_contains(room.tokens, *token)) return true;
  PluginContext& context = service.context();
  return context.signed_tokens() && context.token_allows(*token, fmt::format("room={}", room.id().text()));
}

JsonObject facts_of(const Participant& participant) {
  JsonObject facts{{"username", participant.username}};
  if (participant.display) facts["display"] = *participant.display;
  return facts;
}

TextResult<> may_join(TextCall& call, const Room& room, const JoinRequest& request) {
  if (auto pin = check_secret<TextErrorCode>(call.body, "pin", room.settings.pin); !pin) return pin;
  if (room.find(call.member) != nullptr) {
    return refuse(TextErrorCode::already_in_room, "Already in room {}", room.id().text());
  }
  if (room.find(std::string_view(request.username)) != nullptr) {
    return refuse(TextErrorCode::username_exists, "Username already taken");
  }
  if (token_good(call.service, room, request.token)) return {};
  return refuse(TextErrorCode::unauthorized, "Unauthorized (not in the allowed list)");
}

// The room and the own name in it.
TextResult<std::pair<Room*, const Participant*>> find_own_place(TextCall& call) {
  auto room = find_room(call);
  if (!room) return std::unexpected(room.error());
  const Participant* self = call.member == nullptr ? nullptr : (*room)->find(call.member);
  if (self != nullptr) return std::pair(*room, self);
  return refuse(TextErrorCode::not_in_room, "Not in room {}", (*room)->id().text());
}

JsonObject whisper(const Room& room, const std::vector<std::string>& to, const SharedText& text) {
  JsonObject sent;
  for (const std::string& username : to) {
    const Participant* participant = room.find(std::string_view(username));
    if (participant != nullptr && !sent.contains(username)) participant->member->send(text);
    sent[username] = participant != nullptr;
  }
  return sent;
}

}  // namespace

TextAnswer join(TextCall& call) {
  TextService& service = call.service;
  auto request = read_text_request<JoinRequest>(call.body);
  if (!request) return std::unexpected(request.error());
  auto found = find_room(call);
  if (!found) return std::unexpected(found.error());
  if (call.member == nullptr) return refuse(TextErrorCode::unknown, "Only participants can join");
  Room& room = **found;
  if (auto may = may_join(call, room, *request); !may) return std::unexpected(may.error());
  if (request->history.value_or(true)) {
    for (const SharedText& text : room.history()) call.member->send(text);
  }
  JsonArray others;
  for (const auto& [name, participant] : room.participants()) others.push_back(facts_of(participant));
  Participant self{.username = request->username, .display = request->display, .member = call.member};
  JsonObject facts = facts_of(self);
  room.add(std::move(self));
  JsonObject event{{"textroom", "join"}, {"room", room.id().json()}};
  JsonObject news{{"event", "join"}, {"room", room.id().json()}};
  for (const auto& fact : facts) event[fact.key()] = news[fact.key()] = fact.value();
  room.tell(service.text(event));
  service.notify(call.member, news);
  return JsonObject{{"textroom", "success"}, {"participants", std::move(others)}};
}

TextAnswer leave(TextCall& call) {
  auto place = find_own_place(call);
  if (!place) return std::unexpected(place.error());
  call.service.leave(*place->first, place->second->username);
  return JsonObject{{"textroom", "success"}};
}

TextAnswer message(TextCall& call) {
  auto request = read_text_request<MessageRequest>(call.body);
  if (!request) return std::unexpected(request.error());
  std::vector<std::string> to;
  if (request->to) to.push_back(*request->to);
  for (const Json& username : request->tos.value_or(JsonArray{})) {
    if (!username.is_string()) {
      return refuse(TextErrorCode::invalid_element, "Invalid element type (tos should be an array of strings)");
    }
    to.emplace_back(username.get_string());
  }
  auto place = find_own_place(call);
  if (!place) return std::unexpected(place.error());
  if (request->to && request->tos) return refuse(TextErrorCode::invalid_element, "Both to and tos array provided");
  auto [room, self] = *place;
  JsonObject event{{"textroom", "message"},
                   {"room", room->id().json()},
                   {"from", self->username},
                   {"date", call.service.date()},
                   {"text", request->text}};
  JsonObject reply{{"textroom", "success"}};
  if (request->to || request->tos) {
    event["whisper"] = true;
    reply["sent"] = whisper(*room, to, call.service.text(event));
  } else {
    call.service.publish(*room, event, self->display);
  }
  if (!request->ack.value_or(true)) return std::nullopt;
  return reply;
}

}  // namespace limen::textroom
