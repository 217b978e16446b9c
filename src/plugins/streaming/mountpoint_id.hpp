// MountpointId: how mountpoints are named: numbers, or texts with `string_ids`.
//
// Plain values, any thread.
#pragma once
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <variant>

#include "api/json.hpp"
#include "base/random.hpp"
#include "plugins/streaming/streaming_errors.hpp"

namespace limen::streaming {

class MountpointId {
 public:
  MountpointId() = default;  // number 0: none
  explicit MountpointId(uint64_t number) : value_(number) {}
  explicit MountpointId(std::string text) : value_(std::move(text)) {}

  bool empty() const;  // 0 or ""
  std::string text() const;
  Json json() const;
  // What recordings are marked with: the low 32 bits of a number; of a text, something made of it.
  uint32_t low_bits() const;
  friend bool operator==(const MountpointId&, const MountpointId&) = default;
  friend std::strong_ordering operator<=>(const MountpointId&, const MountpointId&) = default;

 private:
  std::variant<uint64_t, std::string> value_{uint64_t{0}};
};

// `id` of a request, of the kind that `strings` says; nullopt if absent and not mandatory.
StreamResult<std::optional<MountpointId>> read_id(const JsonObject& body, bool strings, bool mandatory);
// The same for what must be there.
StreamResult<MountpointId> require_id(const JsonObject& body, bool strings);
// 53 bits that are not zero, or a UUID.
MountpointId random_id(Random& random, bool strings);

}  // namespace limen::streaming
