// The verbs of TextRoom (spec plugin-textroom, section 4). Control thread.
#pragma once
#include <optional>
#include <string_view>

#include "plugins/textroom/text_service.hpp"

namespace limen::textroom {

struct TextCall {
  TextService& service;
  const JsonObject& body;
  Member* member;  // nullptr: the administrator
  Door door;

  // What a success is called: the APIs have a word for each kind.
  std::string_view success(std::string_view api_word) const {
    return door == Door::janus_api ? api_word : std::string_view("success");
  }
};

// An answer without `transaction`, or none.
using TextAnswer = TextResult<std::optional<JsonObject>>;
using TextVerb = TextAnswer (*)(TextCall&);

// The room that `body` names.
TextResult<Room*> find_room(TextCall& call);
// The same, if `body` knows its secret.
TextResult<Room*> find_managed_room(TextCall& call);

// room_verbs.cpp
TextAnswer list(TextCall& call);
TextAnswer list_participants(TextCall& call);
TextAnswer exists(TextCall& call);
TextAnswer create(TextCall& call);
TextAnswer edit(TextCall& call);
TextAnswer destroy(TextCall& call);
// moderation_verbs.cpp
TextAnswer allowed(TextCall& call);
TextAnswer kick(TextCall& call);
TextAnswer announcement(TextCall& call);
// chat_verbs.cpp
TextAnswer join(TextCall& call);
TextAnswer leave(TextCall& call);
TextAnswer message(TextCall& call);

}  // namespace limen::textroom
