// gzip (RFC 1952) of a whole text. Any thread.
#pragma once
#include <optional>
#include <string>
#include <string_view>

namespace limen::handlers {

// nullopt: the result would be larger than `most` bytes. `level` 0 to 9.
std::optional<std::string> gzip(std::string_view text, int level, size_t most);

}  // namespace limen::handlers
