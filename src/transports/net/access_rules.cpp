#include "transports/net/access_rules.hpp"

namespace limen::net {
namespace {

constexpr std::string_view kMapped = "::ffff:";

std::string_view trimmed(std::string_view text) {
  size_t first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

}  // namespace

AccessList AccessList::parse(std::string_view comma_list) {
  AccessList list;
  while (!comma_list.empty()) {
    size_t comma = comma_list.find(',');
    std::string_view entry = trimmed(comma_list.substr(0, comma));
    if (!entry.empty()) list.prefixes_.emplace_back(entry);
    if (comma == std::string_view::npos) break;
    comma_list.remove_prefix(comma + 1);
  }
  return list;
}

bool AccessList::allows(std::string_view address) const {
  if (prefixes_.empty()) return true;
  bool is_v4 = address.find(':') == std::string_view::npos;
  std::string mapped = is_v4 ? std::string(kMapped) + std::string(address) : std::string();
  std::string_view unmapped = address.starts_with(kMapped) ? address.substr(kMapped.size()) : address;
  for (const std::string& prefix : prefixes_) {
    if (address.starts_with(prefix)) return true;
    if (prefix.find(':') == std::string::npos ? unmapped.starts_with(prefix) : mapped.starts_with(prefix)) return true;
  }
  return false;
}

bool OriginRules::allows(std::string_view origin) const {
  return !enforce || !configured() || origin.starts_with(allow_origin);
}

}  // namespace limen::net
