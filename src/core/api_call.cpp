#include "core/api_call.hpp"

#include <algorithm>
#include <cctype>

#include "api/traceparent.hpp"
#include "base/log.hpp"

namespace limen::core {
namespace {

// A member as an id; 0 if it cannot be one. A negative number is one that nobody has.
uint64_t id_of(const Json* value) {
  if (value == nullptr) return 0;
  if (value->is_uint64()) return value->get_uint64();
  return value->is_int64() ? static_cast<uint64_t>(value->get_int64()) : 0;
}

}  // namespace

ApiCall::ApiCall(Request request, std::shared_ptr<ApiFigures> figures)
    : request_(std::move(request)), figures_(std::move(figures)) {
  if (Json* message = &request_.message; message->is_object()) message_ = std::move(message->get_object());
}

ApiCall::~ApiCall() {
  if (!request_.reply) return;
  log::error("", "Bug: request '{}' was dropped without an answer", verb_);
  fail(ApiErrorCode::unknown);
}

bool ApiCall::read_envelope() {
  session_id_ = SessionId(id_of(message_.if_contains("session_id")));
  const Json* handle = message_.if_contains("handle_id");
  handle_given_ = handle != nullptr && !handle->is_null();
  handle_id_ = HandleId(id_of(handle));

  for (std::string_view key : {"transaction", "janus"}) {
    const Json* value = message_.if_contains(key);
    if (value == nullptr) {
      fail_without_transaction(ApiErrorCode::missing_mandatory_element,
                               fmt::format("Missing mandatory element ({})", key));
      return false;
    }
    if (!value->is_string()) {
      fail_without_transaction(ApiErrorCode::invalid_element_type,
                               fmt::format("Invalid element type ({} should be a string)", key));
      return false;
    }
  }
  if (const Json* id = message_.if_contains("id");
      id != nullptr && !id->is_uint64() && (!id->is_int64() || id->get_int64() < 0)) {
    fail_without_transaction(ApiErrorCode::invalid_element_type,
                             "Invalid element type (id should be a positive integer)");
    return false;
  }
  std::string_view in_message = text("traceparent");
  trace_ = parse_traceparent(in_message.empty() ? request_.traceparent : in_message);
  transaction_ = std::string(text("transaction"));
  has_transaction_ = true;
  verb_as_sent_ = std::string(text("janus"));
  verb_ = verb_as_sent_;
  std::transform(verb_.begin(), verb_.end(), verb_.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return true;
}

std::string_view ApiCall::text(std::string_view key) const {
  const Json* value = message_.if_contains(key);
  return value != nullptr && value->is_string() ? std::string_view(value->get_string()) : std::string_view();
}

JsonObject ApiCall::envelope(std::string_view kind, bool with_session) const {
  JsonObject reply;
  reply["janus"] = kind;
  auto as_sent = static_cast<int64_t>(session_id_.value());
  if (with_session && as_sent < 0) reply["session_id"] = as_sent;
  else if (with_session && session_id_) reply["session_id"] = session_id_.value();
  if (has_transaction_) reply["transaction"] = transaction_;
  return reply;
}

void ApiCall::answer(JsonObject reply) {
  auto send = std::exchange(request_.reply, nullptr);
  if (send) send(Json(std::move(reply)));
}

void ApiCall::fail(ApiError error) {
  if (figures_) ++figures_->errors[error.number()];
  JsonObject reply = envelope("error");
  reply["error"] = JsonObject{{"code", error.number()}, {"reason", error.reason}};
  answer(std::move(reply));
}

void ApiCall::wrong_path() {
  fail({ApiErrorCode::invalid_request_path, fmt::format("Unhandled request '{}' at this path", verb_as_sent_)});
}

void ApiCall::fail_without_transaction(ApiErrorCode code, std::string reason) {
  has_transaction_ = false;
  fail({code, std::move(reason)});
}

}  // namespace limen::core
