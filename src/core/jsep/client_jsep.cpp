#include "core/jsep/client_jsep.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/log.hpp"

namespace limen::core {

namespace {

std::unexpected<ApiError> missing(std::string_view name) {
  return std::unexpected(ApiError(ApiErrorCode::missing_mandatory_element,
                                  fmt::format("JSEP error: missing mandatory element ({})", name)));
}

std::unexpected<ApiError> wrong(std::string_view name, std::string_view type) {
  return std::unexpected(ApiError(ApiErrorCode::invalid_element_type,
                                  fmt::format("JSEP error: invalid element type ({} should be {})", name, type)));
}

ApiResult<> read_text(const JsonObject& jsep, std::string_view name, std::string& out) {
  const Json* value = jsep.if_contains(name);
  if (value == nullptr) return missing(name);
  if (!value->is_string()) return wrong(name, "a string");
  out = std::string(value->get_string());
  return {};
}

ApiResult<> read_bool(const JsonObject& jsep, std::string_view name, bool& out) {
  const Json* value = jsep.if_contains(name);
  if (value == nullptr) return {};
  if (!value->is_bool()) return wrong(name, "a boolean");
  out = value->get_bool();
  return {};
}

ApiResult<> read_rid_order(const JsonObject& jsep, RidOrder& out) {
  const Json* value = jsep.if_contains("rid_order");
  if (value == nullptr) return {};
  if (!value->is_string()) return wrong("rid_order", "a string");
  const auto& text = value->get_string();
  if (text == "lmh") out = RidOrder::low_first;
  else if (text != "hml") log::warning("", "Unknown rid_order '{}', taking hml", std::string_view(text));
  return {};
}

bool usable_svc_entry(const Json& entry) {
  const JsonObject* object = entry.if_object();
  if (object == nullptr) return false;
  const Json* svc = object->if_contains("svc");
  const Json* mid = object->if_contains("mid");
  const Json* mindex = object->if_contains("mindex");
  bool index_ok = mindex == nullptr || mindex->is_uint64() || (mindex->is_int64() && mindex->get_int64() >= 0);
  return svc != nullptr && svc->is_string() && (mid == nullptr || mid->is_string()) && index_ok &&
         (mid != nullptr || mindex != nullptr);
}

void read_svc(const JsonObject& jsep, std::optional<Json>& out) {
  const Json* value = jsep.if_contains("svc");
  if (value == nullptr) return;
  const JsonArray* entries = value->if_array();
  if (entries != nullptr && !entries->empty() && std::ranges::all_of(*entries, usable_svc_entry)) out = *value;
  else log::warning("", "Ignoring a malformed svc member in a JSEP");
}

std::string lower(std::string text) {
  std::ranges::transform(text, text.begin(), [](char c) { return c >= 'A' && c <= 'Z' ? char(c + 32) : c; });
  return text;
}

}  // namespace

ApiResult<ClientJsep> parse_client_jsep(const Json& jsep) {
  const JsonObject* object = jsep.if_object();
  if (object == nullptr) {
    return std::unexpected(ApiError(ApiErrorCode::invalid_json_object, "Invalid jsep object"));
  }
  ClientJsep out;
  std::string type;
  ApiResult<> read = read_text(*object, "type", type);
  if (read) read = read_text(*object, "sdp", out.sdp);
  if (read) read = read_bool(*object, "trickle", out.trickle);
  if (read) read = read_rid_order(*object, out.rid_order);
  if (read) read = read_bool(*object, "force_relay", out.force_relay);
  if (read) read = read_bool(*object, "e2ee", out.e2ee);
  if (!read) return std::unexpected(read.error());
  if (lower(type) == "answer") {
    out.type = JsepType::answer;
  } else if (lower(type) != "offer") {
    return std::unexpected(
        ApiError(ApiErrorCode::jsep_unknown_type, fmt::format("JSEP error: unknown message type '{}'", type)));
  }
  read_svc(*object, out.svc);
  return out;
}

}  // namespace limen::core
