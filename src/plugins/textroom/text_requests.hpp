// The requests of TextRoom without their `room` (spec plugin-textroom, section 4). Plain values.
//
// Fields are checked in the order described; secrets and pins only where one is configured, after the
// room was found.
#pragma once
#include <cstdint>
#include <optional>
#include <string>

#include "api/json.hpp"
#include "api/request_reader.hpp"
#include "plugins/textroom/text_errors.hpp"

namespace limen::textroom {

struct CreateRequest {
  std::optional<std::string> description, secret, pin, post;
  std::optional<bool> is_private;
  std::optional<uint64_t> history;
  std::optional<JsonArray> allowed;
  std::optional<bool> permanent;
};
template <typename V>
void describe(V& v, CreateRequest& r) {
  v.field("description", r.description, "What people read in lists");
  v.field("secret", r.secret, "Needed to manage the room");
  v.field("pin", r.pin, "Needed to join");
  v.field("post", r.post, "HTTP address that public messages are posted to");
  v.field("is_private", r.is_private, "Leave it out of lists");
  v.field("history", r.history, "Public messages kept for who joins later");
  v.field("allowed", r.allowed, "Tokens that may join");
  v.field("permanent", r.permanent, "Save it to the configuration file");
}

struct EditRequest {
  std::optional<std::string> description, secret, pin, post;
  std::optional<bool> is_private, permanent;
};
template <typename V>
void describe(V& v, EditRequest& r) {
  v.field("new_description", r.description, "What people read in lists");
  v.field("new_secret", r.secret, "Needed to manage the room");
  v.field("new_pin", r.pin, "Needed to join");
  v.field("new_post", r.post, "HTTP address that public messages are posted to");
  v.field("new_is_private", r.is_private, "Leave it out of lists");
  v.field("permanent", r.permanent, "Save it to the configuration file");
}

struct DestroyRequest {
  std::optional<bool> permanent;
};
template <typename V>
void describe(V& v, DestroyRequest& r) {
  v.field("permanent", r.permanent, "Remove it from the configuration file");
}

struct AllowedRequest {
  std::string action;
  std::optional<JsonArray> allowed;
};
template <typename V>
void describe(V& v, AllowedRequest& r) {
  v.field("action", r.action, "enable, disable, add, remove");
  v.field("allowed", r.allowed, "Tokens");
}

struct KickRequest {
  std::string username;
};
template <typename V>
void describe(V& v, KickRequest& r) {
  v.field("username", r.username, "Who has to go");
}

struct AnnouncementRequest {
  std::string text;
};
template <typename V>
void describe(V& v, AnnouncementRequest& r) {
  v.field("text", r.text, "What is announced");
}

struct JoinRequest {
  std::string username;
  std::optional<std::string> token, display;
  std::optional<bool> history;
};
template <typename V>
void describe(V& v, JoinRequest& r) {
  v.field("username", r.username, "Unique in the room");
  v.field("token", r.token, "If the room has a list of tokens");
  v.field("display", r.display, "Name to show");
  v.field("history", r.history, "Send what was said before");
}

struct MessageRequest {
  std::string text;
  std::optional<std::string> to;
  std::optional<JsonArray> tos;
  std::optional<bool> ack;
};
template <typename V>
void describe(V& v, MessageRequest& r) {
  v.field("text", r.text, "What is said");
  v.field("to", r.to, "Only for this participant");
  v.field("tos", r.tos, "Only for these participants");
  v.field("ack", r.ack, "Answer this request");
}

template <typename S>
TextResult<S> read_text_request(const JsonObject& body) {
  return checked(read_request<S>(body));
}

}  // namespace limen::textroom
