// SDES: SRTP keys in descriptions, `a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:...` (RFC 4568, RFC 7714).
//
// Values; any thread.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "api/media_ports.hpp"
#include "base/random.hpp"

namespace limen::media {

struct SdesLine {
  uint32_t tag = 1;
  std::string profile;  // "AES_CM_128_HMAC_SHA1_80", ..._32, "AEAD_AES_128_GCM", "AEAD_AES_256_GCM"
  SrtpMaterial material;
};

bool is_sdes_profile(std::string_view profile);  // exact spelling
// A key of its own for a known profile.
SdesLine make_sdes_line(uint32_t tag, std::string_view profile, Random& random);
// The value of a crypto attribute. Nothing if malformed, of another profile, or with a key that is too short.
std::optional<SdesLine> parse_sdes_line(std::string_view value);
std::string write_sdes_line(const SdesLine& line);
// Master key and salt for AES-CM, 30 bytes, as requests and configuration give them; what is behind them is not used.
std::optional<std::vector<uint8_t>> srtp_key(std::string_view base64);

}  // namespace limen::media
