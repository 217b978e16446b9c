#include "transports/whip/whip_target.hpp"

#include <algorithm>
#include <charconv>
#include <vector>

#include "transports/http/api_target.hpp"

namespace limen::whip {
namespace {

constexpr size_t kLongestId = 256;
constexpr size_t kMostParts = 6;

std::optional<Json> read_id(const std::string& text) {
  if (text.empty() || text.size() > kLongestId) return std::nullopt;
  bool plain = std::ranges::all_of(text, [](char c) { return static_cast<unsigned char>(c) >= 0x20 && c != 0x7f; });
  if (!plain) return std::nullopt;
  uint64_t number = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  bool whole = error == std::errc() && end == text.data() + text.size() && text.front() != '0';
  return whole ? Json(number) : Json(text);
}

// Decoded; nullopt if malformed or too many.
std::optional<std::vector<std::string>> split(std::string_view path) {
  std::vector<std::string> parts;
  while (!path.empty()) {
    path.remove_prefix(1);
    size_t end = path.find('/');
    auto part = http::percent_decoded(path.substr(0, end), false);
    if (!part || parts.size() == kMostParts) return std::nullopt;
    parts.push_back(std::move(*part));
    path.remove_prefix(end == std::string_view::npos ? path.size() : end);
  }
  return parts;
}

std::optional<SessionTarget> read_session(const std::vector<std::string>& parts) {
  SessionTarget out;
  if (parts.size() < 2 || parts[1].empty()) return std::nullopt;
  out.name = parts[1];
  if (parts.size() == 2) return out;
  if (parts[2] == "layer" && parts.size() == 3) {
    out.part = Part::layer;
    return out;
  }
  if (parts[2] != "sse" || parts.size() > 4) return std::nullopt;
  out.part = parts.size() == 3 ? Part::events : Part::event_stream;
  if (parts.size() == 4) out.stream = parts[3];
  return out;
}

std::optional<EndpointTarget> read_endpoint(const std::vector<std::string>& parts, Role role) {
  EndpointTarget out;
  out.role = role;
  bool room = parts[0] == "room";
  if (!room && parts[0] != "stream") return std::nullopt;
  out.plugin = room ? Plugin::videoroom : Plugin::streaming;
  bool with_feed = parts.size() == 3 && room;
  bool complete = parts.size() == 2 ? !room || role == Role::publish : with_feed;
  if (!complete) return std::nullopt;
  auto id = read_id(parts[1]);
  if (!id) return std::nullopt;
  out.id = std::move(*id);
  if (!with_feed) return out;
  auto feed = read_id(parts[2]);
  if (!feed) return std::nullopt;
  out.feed = std::move(*feed);
  return out;
}

}  // namespace

bool is_under(std::string_view path, std::string_view base) {
  return path.starts_with(base) && (path.size() == base.size() || path[base.size()] == '/');
}

WhipTarget parse_target(std::string_view path, std::string_view whip_base, std::string_view whep_base) {
  Role role = is_under(path, whip_base) ? Role::publish : Role::play;
  path.remove_prefix(role == Role::publish ? whip_base.size() : whep_base.size());
  WhipTarget out;
  auto parts = split(path);
  if (!parts || parts->empty()) return out;
  if (parts->front() == "session") out.session = read_session(*parts);
  else out.endpoint = read_endpoint(*parts, role);
  return out;
}

std::string id_text(const Json& id) {
  return id.is_string() ? std::string(id.get_string()) : fmt::format("{}", id.to_number<uint64_t>());
}

}  // namespace limen::whip
