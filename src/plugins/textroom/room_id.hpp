// RoomId: how a room is named: a number, or a text with `string_ids`. Plain value.
#pragma once
#include <compare>
#include <optional>
#include <string>
#include <string_view>

#include "api/json.hpp"
#include "base/random.hpp"
#include "plugins/textroom/text_errors.hpp"

namespace limen::textroom {

class RoomId {
 public:
  RoomId() = default;
  static RoomId number(uint64_t value) { return RoomId(std::to_string(value), true); }
  static RoomId string(std::string value) { return RoomId(std::move(value), false); }
  // From a category of the configuration file; numbers must be canonical decimals and not 0.
  static std::optional<RoomId> from_config(std::string_view name, bool strings);
  // 53 bits that are not 0, or a UUID.
  static RoomId random(Random& random, bool strings);

  const std::string& text() const { return text_; }
  bool empty() const { return text_.empty() || (number_ && text_ == "0"); }
  Json json() const;
  friend auto operator<=>(const RoomId&, const RoomId&) = default;

 private:
  RoomId(std::string text, bool number) : text_(std::move(text)), number_(number) {}

  std::string text_;
  bool number_ = false;
};

// The `room` of a request; nullopt if it is absent.
TextResult<std::optional<RoomId>> read_room_id(const JsonObject& body, bool strings);
TextResult<RoomId> require_room_id(const JsonObject& body, bool strings);

}  // namespace limen::textroom
