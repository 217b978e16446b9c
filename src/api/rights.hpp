// What a token may grant on a room, a mountpoint or another object of a plugin, and what a request needs.
//
// A plugin says what each of its requests needs (PluginHandle::needed_rights); the core compares that with the token
// and refuses (docs/authentication.md). Plain values, any thread.
#pragma once
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "api/json.hpp"

namespace limen {

enum class Right : uint8_t {
  join = 1,        // be in a room
  publish = 2,     // send media or messages into it; contains join
  subscribe = 4,   // receive media
  create = 8,      // make it
  administer = 16  // change and end it, act on others; contains the others
};

// A set of rights.
class Rights {
 public:
  constexpr Rights() = default;
  constexpr Rights(Right right) : bits_(static_cast<uint8_t>(right)) {}  // NOLINT: a right is a set of one
  static constexpr Rights all() { return Rights(Right::administer).closed(); }

  constexpr bool empty() const { return bits_ == 0; }
  constexpr bool names(Right right) const { return (bits_ & static_cast<uint8_t>(right)) != 0; }
  constexpr bool contains(Rights other) const { return (closed().bits_ & other.bits_) == other.bits_; }
  constexpr Rights operator|(Rights other) const { return of(static_cast<uint8_t>(bits_ | other.bits_)); }
  constexpr Rights& operator|=(Rights other) { return *this = *this | other; }
  friend constexpr bool operator==(Rights, Rights) = default;

 private:
  static constexpr Rights of(uint8_t bits) {
    Rights out;
    out.bits_ = bits;
    return out;
  }
  // With what the rights contain.
  constexpr Rights closed() const {
    if ((bits_ & 16) != 0) return of(31);
    return (bits_ & 2) != 0 ? of(static_cast<uint8_t>(bits_ | 1)) : *this;
  }

  uint8_t bits_ = 0;
};
constexpr Rights operator|(Right a, Right b) {
  return Rights(a) | Rights(b);
}

// What one request needs: all of `rights` on `object`. The default needs no more than the way to the plugin.
struct NeededRights {
  Rights rights = {};
  std::string object = {};  // the room's or mountpoint's id as text; "" = one that does not exist yet, or none
  bool any = false;         // instead: whatever right on the object
};

// One line of a plugin's table: a request, by its lower-case name, and what it needs.
struct RequestRights {
  std::string_view request;
  Rights rights = {};
  bool any = false;
};
// What `table` says of the request that `body` names with `name_key`, for the object that it names with `object_key`.
// What is in no table needs the right to administer, so that a request is never open because somebody forgot it.
NeededRights needed_by_table(const JsonObject& body, std::span<const RequestRights> table,
                             std::string_view name_key = "request", std::string_view object_key = "room");
// A member as a lower-case text, "" if it is none.
std::string request_name(const JsonObject& body, std::string_view key = "request");
// A number or text that names an object, as text; "" if absent.
std::string object_name(const JsonObject& body, std::string_view key);

// "publish in 1234": what is missing, for a refusal.
std::string text_of(const NeededRights& needed);
// "join", "publish", "subscribe", "create", "admin"; none: an empty set.
Rights right_of(std::string_view name);

}  // namespace limen
