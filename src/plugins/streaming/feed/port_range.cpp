#include "plugins/streaming/feed/port_range.hpp"

#include <algorithm>
#include <charconv>

namespace limen::streaming {

PortRange::PortRange(uint16_t low, uint16_t high) : low_(low), high_(high == 0 ? UINT16_MAX : high) {
  if (low_ > high_) std::swap(low_, high_);
  if (low_ == 0) low_ = 1024;
  if (low_ % 2 != 0 && low_ < high_) ++low_;
}

std::optional<std::pair<uint16_t, uint16_t>> PortRange::parse(std::string_view text) {
  size_t dash = text.find('-');
  if (dash == std::string_view::npos) return std::nullopt;
  auto number = [](std::string_view part, uint16_t& out) {
    auto [end, error] = std::from_chars(part.data(), part.data() + part.size(), out);
    return error == std::errc() && end == part.data() + part.size();
  };
  std::pair<uint16_t, uint16_t> out;
  if (!number(text.substr(0, dash), out.first) || !number(text.substr(dash + 1), out.second)) return std::nullopt;
  return out;
}

uint16_t PortRange::next() {
  uint32_t position = position_.fetch_add(1, std::memory_order_relaxed);
  return static_cast<uint16_t>(low_ + 2 * (position % size()));
}

}  // namespace limen::streaming
