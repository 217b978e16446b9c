// GELF 1.1: one event as a message, and a message as UDP datagrams. Pure.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/json.hpp"

namespace limen::gelf_handler {

std::string gelf_message(const Json& event, JsonFormat format);

inline constexpr size_t kMostChunks = 128;

// One datagram if `message` has at most `longest` bytes, else chunks with so much data each: 1e 0f, the
// message's id, number, count. nullopt: it would take more than kMostChunks.
std::optional<std::vector<std::string>> gelf_datagrams(std::string_view message, size_t longest, uint64_t id);

}  // namespace limen::gelf_handler
