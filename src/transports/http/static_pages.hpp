// Files of the web folder as HTTP answers. Blocking: runs on a background thread.
//
// Only regular files that, with all links resolved, lie inside the folder; no names that begin with
// a dot. Everything is sent with an ETag and `no-cache`, so that browsers ask again and get 304.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>

namespace limen::http {

struct PageRequest {
  std::string path;           // percent-encoded, begins with '/'
  std::string if_none_match;  // header, or ""
  bool wants_html = false;    // Accept names text/html: folders answer with their index.html
};

struct PageAnswer {
  int status = 404;
  std::string body;
  std::string content_type;
  std::string etag;
  std::string location;  // 301: a folder without its slash
};

inline constexpr uint64_t kLargestPage = 64 * 1024 * 1024;

PageAnswer load_page(const std::string& root, const PageRequest& request);
// "text/html; charset=utf-8" of "index.html"; "application/octet-stream" for unknown ones.
std::string_view content_type_of(std::string_view file_name);
// Does an If-None-Match list name this tag (weak comparison)?
bool etag_matches(std::string_view list, std::string_view etag);

}  // namespace limen::http
