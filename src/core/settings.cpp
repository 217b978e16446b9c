#include "core/settings.hpp"

#include <algorithm>
#include <charconv>

namespace limen::core {

GatewaySettings read_settings(const config::Node& root, config::Findings& findings) {
  GatewaySettings settings;
  config::read_group(root, "general", settings.general, findings);
  config::read_group(root, "certificates", settings.certificates, findings);
  config::read_group(root, "media", settings.media, findings);
  config::read_group(root, "nat", settings.nat, findings);
  config::read_group(root, "plugins", settings.plugins, findings);
  config::read_group(root, "transports", settings.transports, findings);
  config::read_group(root, "loggers", settings.loggers, findings);
  config::read_group(root, "events", settings.events, findings);
  config::read_group(root, "jwt", settings.jwt, findings);
  config::read_group(root, "webhook", settings.webhook, findings);
  config::read_group(root, "limits", settings.limits, findings);

  static constexpr std::array<std::string_view, 11> kGroups{"general", "certificates", "media",   "nat",
                                                            "plugins", "transports",   "loggers", "events",
                                                            "jwt",     "webhook",      "limits"};
  for (const config::Node& child : root.children) {
    bool known = std::any_of(kGroups.begin(), kGroups.end(),
                             [&](std::string_view group) { return config::same_text(group, child.name); });
    if (!known) {
      findings.warnings.push_back(
          fmt::format("{}:{}: unknown group '{}'", child.place.file, child.place.line, child.name));
    }
  }
  settings.general.debug_level = std::clamp(settings.general.debug_level, 0, 7);
  settings.media.min_nack_queue = std::min<int64_t>(settings.media.min_nack_queue, 1000);
  return settings;
}

std::vector<std::string> split_list(std::string_view list) {
  std::vector<std::string> names;
  while (!list.empty()) {
    size_t comma = list.find(',');
    std::string_view name = list.substr(0, comma);
    list = comma == std::string_view::npos ? std::string_view() : list.substr(comma + 1);
    while (!name.empty() && name.front() == ' ') name.remove_prefix(1);
    if (!name.empty()) names.emplace_back(name);
  }
  return names;
}

std::optional<std::pair<uint16_t, uint16_t>> parse_port_range(std::string_view text) {
  size_t dash = text.find('-');
  if (dash == std::string_view::npos) return std::nullopt;
  auto number = [](std::string_view digits) -> std::optional<uint16_t> {
    while (!digits.empty() && digits.front() == ' ') digits.remove_prefix(1);
    while (!digits.empty() && digits.back() == ' ') digits.remove_suffix(1);
    uint16_t value = 0;
    auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
    if (error != std::errc() || end != digits.data() + digits.size()) return std::nullopt;
    return value;
  };
  auto low = number(text.substr(0, dash));
  auto high = number(text.substr(dash + 1));
  if (!low || !high) return std::nullopt;
  if (*high == 0) *high = 65535;
  if (*low > *high) std::swap(*low, *high);
  return std::pair{*low, *high};
}

}  // namespace limen::core
