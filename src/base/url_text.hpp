// A URL as it may be shown in logs and errors: without user, password and query, where secrets are. Any thread.
#pragma once
#include <string>
#include <string_view>

namespace limen {

// "https://user:secret@host/path?key=secret" -> "https://host/path?..."; what is no URL loses the same parts.
inline std::string without_credentials(std::string_view url) {
  size_t scheme = url.find("://");
  size_t begin = scheme == std::string_view::npos ? 0 : scheme + 3;
  std::string_view rest = url.substr(begin);
  size_t query = rest.find('?');
  std::string_view path = rest.substr(0, query);
  // The last '@' before the path: passwords with '/' or '@' in them are common mistakes.
  size_t at = path.rfind('@');
  if (at != std::string_view::npos) path.remove_prefix(at + 1);
  return std::string(url.substr(0, begin)) + std::string(path) + (query == std::string_view::npos ? "" : "?...");
}

}  // namespace limen
