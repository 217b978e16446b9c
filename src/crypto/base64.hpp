// Base64: with padding (RFC 4648 section 4), and without and URL-safe (section 5, RFC 7515). Any thread.
#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.hpp"

namespace limen::crypto {

std::string base64_encode(Bytes bytes);

// Strict: the standard alphabet, padding present, no white space, unused bits zero; otherwise empty.
std::optional<std::vector<uint8_t>> base64_decode(std::string_view text);

// The URL-safe alphabet without padding; decoding is as strict.
std::string base64url_encode(Bytes bytes);
std::optional<std::vector<uint8_t>> base64url_decode(std::string_view text);

}  // namespace limen::crypto
