#include "plugins/textroom/room_id.hpp"

#include <charconv>

namespace limen::textroom {
namespace {

constexpr uint64_t kIdMask = (uint64_t{1} << 53) - 1;

uint64_t as_number(const std::string& text) {
  uint64_t value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

std::string uuid(Random& random) {
  uint8_t raw[16];
  random.fill(raw);
  raw[6] = static_cast<uint8_t>((raw[6] & 0x0f) | 0x40);  // version 4
  raw[8] = static_cast<uint8_t>((raw[8] & 0x3f) | 0x80);
  std::string out;
  for (size_t i = 0; i < sizeof(raw); ++i) {
    if (i == 4 || i == 6 || i == 8 || i == 10) out += '-';
    out += fmt::format("{:02x}", raw[i]);
  }
  return out;
}

}  // namespace

std::optional<RoomId> RoomId::from_config(std::string_view name, bool strings) {
  if (name.starts_with("room-")) name.remove_prefix(5);
  if (strings) return name.empty() ? std::nullopt : std::optional(string(std::string(name)));
  uint64_t value = 0;
  auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), value);
  if (error != std::errc{} || end != name.data() + name.size() || value == 0) return std::nullopt;
  return std::to_string(value) == name ? std::optional(number(value)) : std::nullopt;
}

RoomId RoomId::random(Random& random, bool strings) {
  if (strings) return string(uuid(random));
  uint64_t value = 0;
  while (value == 0) value = random.u64() & kIdMask;
  return number(value);
}

Json RoomId::json() const {
  if (number_) return as_number(text_);
  return Json(text_);
}

TextResult<std::optional<RoomId>> read_room_id(const JsonObject& body, bool strings) {
  const Json* value = body.if_contains("room");
  if (value == nullptr) return std::nullopt;
  if (strings) {
    if (value->is_string()) return RoomId::string(std::string(value->get_string()));
    return refuse(TextErrorCode::invalid_element, "Invalid element type (room should be a string)");
  }
  if (value->is_uint64()) return RoomId::number(value->get_uint64());
  if (value->is_int64() && value->get_int64() >= 0) return RoomId::number(static_cast<uint64_t>(value->get_int64()));
  return refuse(TextErrorCode::invalid_element, "Invalid element type (room should be a positive integer)");
}

TextResult<RoomId> require_room_id(const JsonObject& body, bool strings) {
  auto id = read_room_id(body, strings);
  if (!id) return std::unexpected(id.error());
  if (!*id) return refuse(TextErrorCode::missing_element, "Missing mandatory element (room)");
  return std::move(**id);
}

}  // namespace limen::textroom
