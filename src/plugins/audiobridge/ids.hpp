// Id: how rooms and participants are named: numbers, or texts with `string_ids`.
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
#include "plugins/audiobridge/errors.hpp"

namespace limen::audiobridge {

class Id {
 public:
  Id() = default;  // number 0: nobody
  explicit Id(uint64_t number) : value_(number) {}
  explicit Id(std::string text) : value_(std::move(text)) {}

  bool is_text() const { return std::holds_alternative<std::string>(value_); }
  bool empty() const;  // 0 or ""
  std::string text() const;
  Json json() const;
  friend bool operator==(const Id&, const Id&) = default;
  friend std::strong_ordering operator<=>(const Id&, const Id&) = default;

 private:
  std::variant<uint64_t, std::string> value_{uint64_t{0}};
};

// The id at `key`, of the kind that `strings` says; nullopt if absent (and not mandatory).
BridgeResult<std::optional<Id>> read_id(const JsonObject& body, std::string_view key, bool strings, bool mandatory);
// The same for what must be there.
BridgeResult<Id> require_id(const JsonObject& body, std::string_view key, bool strings);

// 53 bits that are not zero, or a UUID.
Id random_id(Random& random, bool strings);

}  // namespace limen::audiobridge
