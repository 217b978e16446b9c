#include "plugins/streaming/mountpoint_id.hpp"

#include <array>

namespace limen::streaming {
namespace {

constexpr uint64_t kNumberMask = (uint64_t{1} << 53) - 1;  // what a JavaScript number holds exactly

std::string uuid(Random& random) {
  std::array<uint8_t, 16> raw{};
  random.fill(raw);
  raw[6] = static_cast<uint8_t>((raw[6] & 0x0f) | 0x40);
  raw[8] = static_cast<uint8_t>((raw[8] & 0x3f) | 0x80);
  std::string out;
  for (size_t i = 0; i < raw.size(); ++i) {
    if (i == 4 || i == 6 || i == 8 || i == 10) out += '-';
    out += fmt::format("{:02x}", raw[i]);
  }
  return out;
}

}  // namespace

bool MountpointId::empty() const {
  if (const auto* text = std::get_if<std::string>(&value_)) return text->empty();
  return std::get<uint64_t>(value_) == 0;
}

std::string MountpointId::text() const {
  if (const auto* text = std::get_if<std::string>(&value_)) return *text;
  return std::to_string(std::get<uint64_t>(value_));
}

Json MountpointId::json() const {
  if (const auto* text = std::get_if<std::string>(&value_)) return Json(*text);
  return Json(std::get<uint64_t>(value_));
}

uint32_t MountpointId::low_bits() const {
  if (const auto* number = std::get_if<uint64_t>(&value_)) return static_cast<uint32_t>(*number);
  uint32_t hash = 2166136261U;  // FNV-1a
  for (char c : std::get<std::string>(value_)) hash = (hash ^ static_cast<uint8_t>(c)) * 16777619U;
  return hash;
}

StreamResult<std::optional<MountpointId>> read_id(const JsonObject& body, bool strings, bool mandatory) {
  const Json* value = body.if_contains("id");
  if (value == nullptr) {
    if (mandatory) return refuse(ErrorCode::missing_element, "Missing mandatory element (id)");
    return std::optional<MountpointId>();
  }
  if (strings) {
    if (value->is_string()) return std::optional(MountpointId(std::string(value->get_string())));
    return refuse(ErrorCode::invalid_element, "Invalid element type (id should be a string)");
  }
  if (value->is_uint64()) return std::optional(MountpointId(value->get_uint64()));
  if (value->is_int64() && value->get_int64() >= 0) {
    return std::optional(MountpointId(static_cast<uint64_t>(value->get_int64())));
  }
  return refuse(ErrorCode::invalid_element, "Invalid element type (id should be a positive integer)");
}

StreamResult<MountpointId> require_id(const JsonObject& body, bool strings) {
  auto id = read_id(body, strings, true);
  if (!id) return passed_on(id);
  return std::move(**id);
}

MountpointId random_id(Random& random, bool strings) {
  if (strings) return MountpointId(uuid(random));
  while (true) {
    uint64_t number = random.u64() & kNumberMask;
    if (number != 0) return MountpointId(number);
  }
}

}  // namespace limen::streaming
