#include "plugins/streaming/ingest/url_policy.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <string_view>

#include "base/url_text.hpp"
#include "plugins/streaming/ingest/rtsp_message.hpp"

namespace limen::streaming {

namespace {

constexpr size_t kMaxUrl = 4096;

struct Scheme {
  std::string_view name;
  const char* protocols;
  bool paced;
  const char* listen_option;  // null: nobody can be waited for
  const char* listen_value;
};

constexpr Scheme kSchemes[] = {
    {"srt", "srt,udp", false, "mode", "listener"},
    {"rtmp", "rtmp,tcp", false, "listen", "1"},
    {"rtmps", "rtmps,tls,tcp", false, nullptr, nullptr},
    {"http", "http,https,tls,tcp,crypto,httpproxy", true, "listen", "1"},
    {"https", "http,https,tls,tcp,crypto,httpproxy", true, nullptr, nullptr},
    {"tcp", "tcp", false, "listen", "1"},
    {"udp", "udp", false, nullptr, nullptr},
};

const Scheme* find_scheme(std::string_view url) {
  size_t colon = url.find("://");
  if (colon == std::string_view::npos) return nullptr;
  for (const Scheme& scheme : kSchemes) {
    if (same_word(url.substr(0, colon), scheme.name)) return &scheme;
  }
  return nullptr;
}

// Without user, password and query, which may hold keys.
std::string without_secrets(std::string_view url) {
  url = url.substr(0, url.find('?'));
  size_t begin = url.find("://");
  if (begin == std::string_view::npos) return std::string(url);
  begin += 3;
  size_t slash = std::min(url.find('/', begin), url.size());
  size_t at = url.substr(0, slash).rfind('@');
  if (at == std::string_view::npos || at < begin) return std::string(url);
  return fmt::format("{}{}", url.substr(0, begin), url.substr(at + 1));
}

Result<UrlPolicy> file_policy(const UrlSpec& spec, std::string_view path) {
  if (path.find("../") != std::string_view::npos) return fail("can't use relative paths");
  if (!path.starts_with('/'))
    return fail("'{}' is neither a URL that can be opened nor an absolute path", without_credentials(spec.url));
  if (spec.listen) return fail("nobody can be waited for at a file");
  UrlPolicy out;
  out.shown = path;
  out.url = fmt::format("file:{}", path);
  struct stat facts{};
  if (stat(out.shown.c_str(), &facts) != 0) return fail("no such file '{}'", path);
  if (!S_ISREG(facts.st_mode)) return fail("'{}' is no file", path);
  if (access(out.shown.c_str(), R_OK) != 0) return fail("the file '{}' may not be read", path);
  out.protocols = "file";
  out.file = out.paced = true;
  return out;
}

}  // namespace

Result<UrlPolicy> url_policy(const UrlSpec& spec) {
  if (spec.url.empty() || spec.url.size() > kMaxUrl) return fail("the URL is empty or too long");
  if (std::ranges::any_of(spec.url, [](char c) { return static_cast<unsigned char>(c) < 32 || c == 127; })) {
    return fail("the URL has characters that may not be there");
  }
  std::string_view url = spec.url;
  if (url.starts_with("file://")) return file_policy(spec, url.substr(7));
  const Scheme* scheme = find_scheme(url);
  if (scheme == nullptr) {
    if (url.find("://") != std::string_view::npos) return fail("URLs of this kind can't be opened");
    return file_policy(spec, url);
  }
  UrlPolicy out;
  out.url = spec.url;
  out.shown = without_secrets(url);
  out.protocols = scheme->protocols;
  out.paced = scheme->paced && !spec.listen;
  if (!spec.listen) return out;
  if (scheme->listen_option == nullptr) return fail("nobody can be waited for with {}://", scheme->name);
  out.options.emplace_back(scheme->listen_option, scheme->listen_value);
  return out;
}

}  // namespace limen::streaming
