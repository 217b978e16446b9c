// A signed JSON Web Token in its compact form, taken apart (RFC 7515 section 7.1, RFC 7519). Nothing in it has been
// verified: until it has, only the header may be looked at, to find the key.
//
// Plain values, any thread. Hostile input: lengths are bounded, every part is checked.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace limen::core {

inline constexpr size_t kLongestJwt = 8192;

struct CompactJws {
  std::string algorithm;              // header "alg"
  std::optional<std::string> key_id;  // header "kid"
  std::string_view signing_input;     // a part of the text that was parsed
  std::vector<uint8_t> payload;       // not to be believed before the signature is
  std::vector<uint8_t> signature;
};

// An error says what is wrong without repeating any of the token. Header members that must be understood ("crit",
// "b64") and unsecured or encrypted tokens are refused.
Result<CompactJws> parse_compact_jws(std::string_view token);

// Three parts of the right alphabet, whatever is in them: not a stored or a signed token of Janus.
bool looks_like_jwt(std::string_view token);

}  // namespace limen::core
