// The value of an `extmap` attribute: "4/sendonly uri attributes" (RFC 8285 section 8).
//
// Plain values, any thread.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "wire/rtp/header_extensions.hpp"

namespace limen::sdp {

struct Extmap {
  uint8_t id = 0;
  std::string_view direction;  // "" if none
  std::string_view uri;
  std::optional<ExtensionKind> kind;  // if understood
};

// Views into `value`; nullopt if malformed or the id is not 1..255.
std::optional<Extmap> read_extmap(std::string_view value);
// As the other side writes it: sendonly and recvonly swapped.
std::string mirrored_extmap(const Extmap& offered);

}  // namespace limen::sdp
