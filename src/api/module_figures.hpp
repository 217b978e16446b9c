// ModuleFigures: what a transport or an event handler tells metrics about itself. Values; what does not apply
// stays empty.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace limen {

struct ModuleFigures {
  std::vector<std::pair<std::string, uint64_t>> connections = {};  // by door: "https", "admin_http", "wss"
  std::optional<uint64_t> requests = {};                           // being answered now
  std::optional<bool> connected = {};                              // to its broker or collector
  std::optional<uint64_t> queued = {};                             // messages or events that wait to be sent
  std::optional<uint64_t> lost = {};                               // since the start: no room, or given up
};

}  // namespace limen
