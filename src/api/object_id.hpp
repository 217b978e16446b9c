// ObjectId: how rooms, participants, feeds and mountpoints are named: numbers, or texts with `string_ids`.
//
// Plain values, any thread.
#pragma once
#include <compare>
#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "api/json.hpp"
#include "api/request_reader.hpp"
#include "base/random.hpp"

namespace limen {

class ObjectId {
 public:
  ObjectId() = default;  // number 0: nobody
  explicit ObjectId(uint64_t number) : value_(number) {}
  explicit ObjectId(std::string text) : value_(std::move(text)) {}
  // From the name of a room's configuration category, "room-<id>" or "<id>"; numbers must be canonical and not 0.
  static std::optional<ObjectId> from_category(std::string_view name, bool strings);
  // 53 bits that are not zero (what a JavaScript number holds exactly), or a UUID.
  static ObjectId random(Random& random, bool strings);

  bool empty() const;  // 0 or ""
  std::string text() const;
  Json json() const;
  // What recordings are marked with: the low 32 bits of a number; of a text, something made of it.
  uint32_t low_bits() const;
  friend bool operator==(const ObjectId&, const ObjectId&) = default;
  friend std::strong_ordering operator<=>(const ObjectId&, const ObjectId&) = default;

 private:
  std::variant<uint64_t, std::string> value_{uint64_t{0}};
};

// The id at `key` of a request, of the kind that `strings` says; nullopt if absent (and not mandatory).
std::expected<std::optional<ObjectId>, RequestError> read_object_id(const JsonObject& body, std::string_view key,
                                                                    bool strings, bool mandatory = false);
// The same for what must be there.
std::expected<ObjectId, RequestError> require_object_id(const JsonObject& body, std::string_view key, bool strings);

}  // namespace limen
