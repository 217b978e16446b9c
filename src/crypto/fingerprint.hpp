// Fingerprint: which certificate the signalling says the peer will present (RFC 8122). A value.
#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.hpp"

namespace limen::crypto {

struct Fingerprint {
  std::string hash;   // "sha-256", ...; compared without regard to case
  std::string value;  // "AB:CD:..."; compared without regard to case

  bool known() const { return !value.empty(); }
};

// Whether `hash` names one of sha-1, sha-224, sha-256, sha-384, sha-512 (any case).
bool fingerprint_hash_supported(std::string_view hash);

// "AB:CD:..." in upper case.
std::string format_fingerprint(Bytes digest);
// The bytes of "AB:cd:..."; empty if it is not that.
std::optional<std::vector<uint8_t>> parse_fingerprint(std::string_view text);

}  // namespace limen::crypto
