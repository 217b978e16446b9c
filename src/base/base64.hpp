// Base64 as people write it (RFC 4648 section 4): padding may be missing, what follows it is not read. Where a text
// must be exactly right, crypto/base64.hpp says so. Any thread.
#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.hpp"

namespace limen {

std::string to_base64(Bytes bytes);
// Nothing if there is a character of another alphabet.
std::optional<std::vector<uint8_t>> from_base64(std::string_view text);

}  // namespace limen
