#include "transports/http/api_target.hpp"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <limits>

namespace limen::http {
namespace {

constexpr size_t kMostEvents = 10'000;

// An id of the path; 0 if it is no number. Numbers that are negative or too large are ids that nobody has.
uint64_t number(std::string_view text) {
  bool negative = text.starts_with('-');
  if (negative) text.remove_prefix(1);
  uint64_t value = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (end != text.data() + text.size() || error == std::errc::invalid_argument) return 0;
  if (error == std::errc::result_out_of_range) return std::numeric_limits<uint64_t>::max();
  return negative ? ~value + 1 : value;
}

bool same_name(std::string_view a, std::string_view b) {
  return std::ranges::equal(a, b, [](unsigned char x, unsigned char y) { return std::tolower(x) == std::tolower(y); });
}

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// What a member says as an id; 0 if it says nothing usable.
uint64_t id_of(const JsonObject& message, std::string_view key) {
  const Json* value = message.if_contains(key);
  if (value == nullptr) return 0;
  if (value->is_uint64()) return value->get_uint64();
  return value->is_int64() ? static_cast<uint64_t>(value->get_int64()) : 0;
}

// False: body and path name different things.
bool merge_id(JsonObject& message, std::string_view key, uint64_t from_path) {
  if (from_path == 0) return true;
  uint64_t from_body = id_of(message, key);
  if (from_body != 0) return from_body == from_path;
  message[key] = from_path;
  return true;
}

}  // namespace

Target split_target(std::string_view target) {
  target = target.substr(0, target.find('#'));
  size_t mark = target.find('?');
  if (mark == std::string_view::npos) return {target, {}};
  return {target.substr(0, mark), target.substr(mark + 1)};
}

std::optional<ApiPath> parse_api_path(std::string_view path, std::string_view base) {
  if (base != "/") {
    if (!path.starts_with(base)) return std::nullopt;
    path.remove_prefix(base.size());
    if (!path.empty() && path.front() != '/') return std::nullopt;
  }
  ApiPath parsed;
  if (path.size() <= 1) return parsed;
  path.remove_prefix(1);
  parsed.deeper = true;
  size_t slash = path.find('/');
  parsed.name = path.substr(0, slash);
  parsed.session = number(parsed.name);
  if (slash == std::string_view::npos) return parsed;
  path.remove_prefix(slash + 1);
  slash = path.find('/');
  std::string_view second = path.substr(0, slash);
  parsed.has_handle = !second.empty();
  parsed.handle = number(second);
  parsed.too_deep = slash != std::string_view::npos && slash + 1 < path.size();
  return parsed;
}

std::optional<std::string> percent_decoded(std::string_view text, bool plus_is_space) {
  std::string decoded;
  decoded.reserve(text.size());
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '+' && plus_is_space) {
      decoded += ' ';
    } else if (text[i] != '%') {
      decoded += text[i];
    } else {
      int high = i + 2 < text.size() ? hex_digit(text[i + 1]) : -1;
      int low = i + 2 < text.size() ? hex_digit(text[i + 2]) : -1;
      if (high < 0 || low < 0) return std::nullopt;
      decoded += static_cast<char>(high * 16 + low);
      i += 2;
    }
  }
  return decoded;
}

std::optional<std::string> query_value(std::string_view query, std::string_view name) {
  while (!query.empty()) {
    size_t end = query.find('&');
    std::string_view pair = query.substr(0, end);
    size_t equals = pair.find('=');
    if (same_name(pair.substr(0, equals), name)) {
      return percent_decoded(equals == std::string_view::npos ? std::string_view() : pair.substr(equals + 1), true);
    }
    if (end == std::string_view::npos) break;
    query.remove_prefix(end + 1);
  }
  return std::nullopt;
}

size_t max_events(std::string_view query) {
  std::string text = query_value(query, "maxev").value_or("");
  text.erase(0, text.find_first_not_of(" \t"));  // a plus sign is a space here
  long value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value < 1 ? 1 : std::min(static_cast<size_t>(value), kMostEvents);
}

ApiResult<Json> read_api_body(std::string_view body, const ApiPath& path) {
  auto json = parse_json(body);
  if (!json) {
    return std::unexpected(ApiError(ApiErrorCode::invalid_json,
                                    fmt::format("JSON error: on line {}: {}", json.error().line, json.error().text)));
  }
  if (json->is_array())
    return std::unexpected(ApiError(ApiErrorCode::invalid_json_object, "JSON error: not an object"));
  if (!json->is_object()) {
    return std::unexpected(ApiError(ApiErrorCode::invalid_json, "JSON error: on line 1: '[' or '{' expected"));
  }
  JsonObject& message = json->get_object();
  if (!merge_id(message, "session_id", path.session)) {
    return std::unexpected(ApiError(ApiErrorCode::invalid_request_path, "Conflicting session ID (payload and path)"));
  }
  if (!merge_id(message, "handle_id", path.handle)) {
    return std::unexpected(ApiError(ApiErrorCode::invalid_request_path, "Conflicting handle ID (payload and path)"));
  }
  return std::move(*json);
}

}  // namespace limen::http
