#include "wire/sdp/session_description.hpp"

#include <algorithm>
#include <charconv>

namespace limen::sdp {

namespace {

// "96 rest" of an rtpmap or fmtp value: the payload type and what follows it.
struct Mapped {
  uint8_t payload_type;
  std::string_view rest;
};

std::optional<Mapped> split_mapped(std::string_view value) {
  Mapped out{};
  auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), out.payload_type);
  if (error != std::errc{} || out.payload_type > 127) return std::nullopt;
  value.remove_prefix(static_cast<size_t>(end - value.data()));
  while (!value.empty() && value.front() == ' ') value.remove_prefix(1);
  out.rest = value;
  return out;
}

template <typename Attributes>
const Attribute* first_named(const Attributes& attributes, std::string_view name) {
  auto it = std::ranges::find(attributes, name, &Attribute::name);
  return it == attributes.end() ? nullptr : &*it;
}

}  // namespace

std::string_view direction_name(Direction direction) {
  switch (direction) {
    case Direction::sendrecv:
      return "sendrecv";
    case Direction::sendonly:
      return "sendonly";
    case Direction::recvonly:
      return "recvonly";
    case Direction::inactive:
      break;
  }
  return "inactive";
}

Direction mirrored(Direction direction) {
  if (direction == Direction::sendonly) return Direction::recvonly;
  if (direction == Direction::recvonly) return Direction::sendonly;
  return direction;
}

Direction combined(bool send, bool receive) {
  if (send) return receive ? Direction::sendrecv : Direction::sendonly;
  return receive ? Direction::recvonly : Direction::inactive;
}

std::string_view MediaDescription::mid() const {
  const Attribute* attribute = find("mid");
  return attribute ? std::string_view(attribute->value) : std::string_view();
}

const Attribute* MediaDescription::find(std::string_view name) const {
  return first_named(attributes, name);
}

std::vector<std::string_view> MediaDescription::values(std::string_view name) const {
  std::vector<std::string_view> out;
  for (const Attribute& attribute : attributes) {
    if (attribute.name == name) out.emplace_back(attribute.value);
  }
  return out;
}

void MediaDescription::add(std::string name, std::string value) {
  attributes.push_back({std::move(name), std::move(value)});
}

void MediaDescription::remove(std::string_view name) {
  std::erase_if(attributes, [&](const Attribute& a) { return a.name == name; });
}

std::optional<Rtpmap> MediaDescription::rtpmap(uint8_t payload_type) const {
  for (const Attribute& attribute : attributes) {
    if (attribute.name != "rtpmap") continue;
    auto mapped = split_mapped(attribute.value);
    if (!mapped || mapped->payload_type != payload_type) continue;
    Rtpmap out{.payload_type = payload_type, .encoding = {}, .clock_rate = 0, .parameters = {}};
    std::string_view rest = mapped->rest;
    size_t slash = rest.find('/');
    out.encoding = rest.substr(0, slash);
    if (slash == std::string_view::npos) return out;
    rest.remove_prefix(slash + 1);
    auto [end, error] = std::from_chars(rest.data(), rest.data() + rest.size(), out.clock_rate);
    if (error != std::errc{}) return out;
    rest.remove_prefix(static_cast<size_t>(end - rest.data()));
    if (rest.starts_with('/')) out.parameters = rest.substr(1);
    return out;
  }
  return std::nullopt;
}

std::string_view MediaDescription::fmtp(uint8_t payload_type) const {
  for (const Attribute& attribute : attributes) {
    if (attribute.name != "fmtp") continue;
    auto mapped = split_mapped(attribute.value);
    if (mapped && mapped->payload_type == payload_type) return mapped->rest;
  }
  return {};
}

Codec MediaDescription::codec(uint8_t payload_type) const {
  if (auto map = rtpmap(payload_type)) return codec_from_rtpmap(map->encoding, map->clock_rate);
  if (kind != MediaKind::audio) return Codec::unknown;
  switch (payload_type) {  // RFC 3551 section 6
    case 0:
      return Codec::pcmu;
    case 8:
      return Codec::pcma;
    case 9:
      return Codec::g722;
    default:
      return Codec::unknown;
  }
}

const Attribute* SessionDescription::find(std::string_view wanted) const {
  return first_named(attributes, wanted);
}

void SessionDescription::add(std::string key, std::string value) {
  attributes.push_back({std::move(key), std::move(value)});
}

void SessionDescription::remove(std::string_view wanted) {
  std::erase_if(attributes, [&](const Attribute& a) { return a.name == wanted; });
}

}  // namespace limen::sdp
