#include "transports/whip/request_facts.hpp"

#include <algorithm>

#include "config/describe.hpp"

namespace limen::whip {
namespace {

std::string_view trimmed(std::string_view text) {
  size_t first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

}  // namespace

bool has_type(const net::HttpRequest& request, std::string_view type) {
  std::string_view given = request.header("Content-Type");
  return config::same_text(trimmed(given.substr(0, given.find(';'))), type);
}

bool accepts(const net::HttpRequest& request, std::string_view type) {
  std::string_view list = request.header("Accept");
  if (trimmed(list).empty()) return true;
  std::string family = std::string(type.substr(0, type.find('/'))) + "/*";
  while (!list.empty()) {
    size_t comma = list.find(',');
    std::string_view item = list.substr(0, comma);
    list.remove_prefix(comma == std::string_view::npos ? list.size() : comma + 1);
    std::string_view range = trimmed(item.substr(0, item.find(';')));
    std::string parameters(item.find(';') == std::string_view::npos ? std::string_view() : item.substr(item.find(';')));
    std::erase(parameters, ' ');
    bool refused = parameters.find(";q=0") != std::string::npos &&
                   parameters.find_first_of("123456789", parameters.find(";q=0")) == std::string::npos;
    bool fits = range == "*/*" || config::same_text(range, type) || config::same_text(range, family);
    if (fits && !refused) return true;
  }
  return false;
}

std::optional<std::string> bearer_of(const net::HttpRequest& request) {
  std::string_view value = trimmed(request.header("Authorization"));
  if (value.empty()) return std::string();
  size_t space = value.find(' ');
  if (space == std::string_view::npos || !config::same_text(value.substr(0, space), "Bearer")) return std::nullopt;
  std::string_view token = trimmed(value.substr(space));
  bool plain = !token.empty() && std::ranges::all_of(token, [](char c) { return c > ' ' && c < 0x7f; });
  // Signed tokens of the API have commas and colons, so more is taken than the grammar of RFC 6750 has.
  if (!plain) return std::nullopt;
  return std::string(token);
}

}  // namespace limen::whip
