#include <array>
#include <cctype>
#include <utility>

#include "api/event_handler.hpp"
#include "config/describe.hpp"

namespace limen {

uint32_t event_mask_from_text(std::string_view list) {
  static constexpr std::array<std::pair<std::string_view, EventType>, 9> kNames{{
      {"sessions", EventType::session},
      {"handles", EventType::handle},
      {"external", EventType::external},
      {"jsep", EventType::jsep},
      {"webrtc", EventType::webrtc},
      {"media", EventType::media},
      {"plugins", EventType::plugin},
      {"transports", EventType::transport},
      {"core", EventType::core},
  }};
  if (config::same_text(list, "all")) return kAllEvents;
  uint32_t mask = 0;
  while (!list.empty()) {
    size_t comma = list.find(',');
    std::string_view name = list.substr(0, comma);
    list = comma == std::string_view::npos ? std::string_view() : list.substr(comma + 1);
    while (!name.empty() && name.front() == ' ') name.remove_prefix(1);
    for (const auto& [known, type] : kNames) {
      if (config::same_text(known, name)) mask |= static_cast<uint32_t>(type);
    }
  }
  return mask;
}

}  // namespace limen
