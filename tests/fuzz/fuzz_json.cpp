// rooms: api
// API texts: parsing, writing in all formats, and reading back what was written.
#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "api/json.hpp"

namespace {

// Doubles may change in their last digit when read back; everything else has to stay.
bool has_double(const limen::Json& value) {
  if (value.is_double()) return true;
  if (const auto* list = value.if_array()) {
    for (const auto& item : *list) {
      if (has_double(item)) return true;
    }
  }
  if (const auto* object = value.if_object()) {
    for (const auto& member : *object) {
      if (has_double(member.value())) return true;
    }
  }
  return false;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  std::string_view text(reinterpret_cast<const char*>(data), size);
  auto sequence = limen::parse_json_sequence(text);
  auto one = limen::parse_json(text);
  if (!one) {
    if (one.error().line < 1) std::abort();
    return 0;
  }
  if (!sequence || sequence->size() != 1) std::abort();
  std::string compact = limen::write_json(*one, limen::JsonFormat::compact);
  for (auto format : {limen::JsonFormat::indented, limen::JsonFormat::plain, limen::JsonFormat::compact}) {
    auto again = limen::parse_json(limen::write_json(*one, format));
    if (!again) std::abort();
    if (!has_double(*one) && limen::write_json(*again, limen::JsonFormat::compact) != compact) std::abort();
  }
  return 0;
}
