#include "wire/sdp/extmap.hpp"

#include <fmt/format.h>

#include <charconv>

#include "wire/sdp/offer_answer.hpp"

namespace limen::sdp {

std::optional<Extmap> read_extmap(std::string_view value) {
  Extmap out;
  auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), out.id);
  if (error != std::errc{} || out.id == 0) return std::nullopt;
  value.remove_prefix(static_cast<size_t>(end - value.data()));
  size_t space = value.find(' ');
  if (space == std::string_view::npos) return std::nullopt;
  if (value.starts_with('/')) out.direction = value.substr(1, space - 1);
  else if (space != 0) return std::nullopt;
  value.remove_prefix(space + 1);
  out.uri = value.substr(0, value.find(' '));
  out.kind = extension_from_uri(out.uri);
  return out;
}

std::string mirrored_extmap(const Extmap& offered) {
  if (offered.direction.empty()) return fmt::format("{} {}", offered.id, offered.uri);
  std::string_view direction = offered.direction;
  if (direction == "sendonly") direction = "recvonly";
  else if (direction == "recvonly") direction = "sendonly";
  return fmt::format("{}/{} {}", offered.id, direction, offered.uri);
}

ExtensionMap extension_map(const MediaDescription& media) {
  ExtensionMap out;
  for (std::string_view value : media.values("extmap")) {
    auto extmap = read_extmap(value);
    if (extmap && extmap->kind && !out.has(*extmap->kind)) out.set(*extmap->kind, extmap->id);
  }
  return out;
}

bool offers_extension(const MediaDescription& media, ExtensionKind kind) {
  return extension_map(media).has(kind);
}

}  // namespace limen::sdp
