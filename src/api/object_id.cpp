#include "api/object_id.hpp"

#include <array>
#include <charconv>

namespace limen {
namespace {

constexpr uint64_t kNumberMask = (uint64_t{1} << 53) - 1;

std::string uuid(Random& random) {
  std::array<uint8_t, 16> raw{};
  random.fill(raw);
  raw[6] = static_cast<uint8_t>((raw[6] & 0x0f) | 0x40);  // version 4
  raw[8] = static_cast<uint8_t>((raw[8] & 0x3f) | 0x80);
  std::string out;
  for (size_t i = 0; i < raw.size(); ++i) {
    if (i == 4 || i == 6 || i == 8 || i == 10) out += '-';
    out += fmt::format("{:02x}", raw[i]);
  }
  return out;
}

std::unexpected<RequestError> wrong_type(std::string_view key, std::string_view kind) {
  return std::unexpected(RequestError{false, fmt::format("Invalid element type ({} should be {})", key, kind)});
}

}  // namespace

std::optional<ObjectId> ObjectId::from_category(std::string_view name, bool strings) {
  if (name.starts_with("room-")) name.remove_prefix(5);
  if (strings) return name.empty() ? std::nullopt : std::optional(ObjectId(std::string(name)));
  uint64_t number = 0;
  auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), number);
  if (error != std::errc{} || number == 0 || std::to_string(number) != name) return std::nullopt;
  return ObjectId(number);
}

ObjectId ObjectId::random(Random& random, bool strings) {
  if (strings) return ObjectId(uuid(random));
  while (true) {
    uint64_t number = random.u64() & kNumberMask;
    if (number != 0) return ObjectId(number);
  }
}

bool ObjectId::empty() const {
  if (const auto* text = std::get_if<std::string>(&value_)) return text->empty();
  return std::get<uint64_t>(value_) == 0;
}

std::string ObjectId::text() const {
  if (const auto* text = std::get_if<std::string>(&value_)) return *text;
  return std::to_string(std::get<uint64_t>(value_));
}

Json ObjectId::json() const {
  if (const auto* text = std::get_if<std::string>(&value_)) return Json(*text);
  return Json(std::get<uint64_t>(value_));
}

uint32_t ObjectId::low_bits() const {
  if (const auto* number = std::get_if<uint64_t>(&value_)) return static_cast<uint32_t>(*number);
  uint32_t hash = 2166136261U;  // FNV-1a
  for (char c : std::get<std::string>(value_)) hash = (hash ^ static_cast<uint8_t>(c)) * 16777619U;
  return hash;
}

std::expected<std::optional<ObjectId>, RequestError> read_object_id(const JsonObject& body, std::string_view key,
                                                                    bool strings, bool mandatory) {
  const Json* value = body.if_contains(key);
  if (value == nullptr) {
    if (!mandatory) return std::nullopt;
    return std::unexpected(RequestError{true, fmt::format("Missing mandatory element ({})", key)});
  }
  if (strings) {
    if (!value->is_string()) return wrong_type(key, "a string");
    return ObjectId(std::string(value->get_string()));
  }
  if (value->is_uint64()) return ObjectId(value->get_uint64());
  if (!value->is_int64() || value->get_int64() < 0) return wrong_type(key, "a positive integer");
  return ObjectId(static_cast<uint64_t>(value->get_int64()));
}

std::expected<ObjectId, RequestError> require_object_id(const JsonObject& body, std::string_view key, bool strings) {
  auto id = read_object_id(body, key, strings, true);
  if (!id) return std::unexpected(std::move(id.error()));
  return std::move(**id);
}

}  // namespace limen
