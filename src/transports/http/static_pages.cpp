#include "transports/http/static_pages.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <system_error>

#include "transports/http/api_target.hpp"

namespace limen::http {
namespace {

namespace fs = std::filesystem;

// "/a/b.html" -> "a/b.html"; nullopt for anything that tries to be clever.
std::optional<std::string> relative_path(std::string_view encoded) {
  auto decoded = percent_decoded(encoded, false);
  if (!decoded || decoded->empty() || decoded->front() != '/') return std::nullopt;
  if (decoded->find('\0') != std::string::npos || decoded->find('\\') != std::string::npos) return std::nullopt;
  std::string_view rest = *decoded;
  while (!rest.empty()) {
    rest.remove_prefix(1);
    std::string_view part = rest.substr(0, rest.find('/'));
    rest.remove_prefix(part.size());
    if (part.starts_with('.') || (part.empty() && !rest.empty())) return std::nullopt;
  }
  return decoded->substr(1);
}

bool inside(const fs::path& root, const fs::path& path) {
  auto [in_root, in_path] = std::mismatch(root.begin(), root.end(), path.begin(), path.end());
  return in_root == root.end();
}

std::string etag_of(const struct stat& facts) {
  return fmt::format("\"{:x}-{:x}-{:x}\"", facts.st_ino, facts.st_size,
                     int64_t{facts.st_mtim.tv_sec} * 1'000'000'000 + facts.st_mtim.tv_nsec);
}

bool read_all(int fd, size_t size, std::string& into) {
  into.resize(size);
  size_t done = 0;
  while (done < size) {
    ssize_t step = ::read(fd, into.data() + done, size - done);
    if (step <= 0) return false;
    done += static_cast<size_t>(step);
  }
  return true;
}

PageAnswer read_file_answer(const fs::path& file, const PageRequest& request) {
  PageAnswer answer;
  int fd = ::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
  if (fd < 0) return answer;
  struct stat facts{};
  if (fstat(fd, &facts) == 0 && S_ISREG(facts.st_mode) && static_cast<uint64_t>(facts.st_size) <= kLargestPage) {
    answer.etag = etag_of(facts);
    answer.content_type = content_type_of(file.filename().string());
    if (etag_matches(request.if_none_match, answer.etag)) answer.status = 304;
    else answer.status = read_all(fd, static_cast<size_t>(facts.st_size), answer.body) ? 200 : 500;
  }
  ::close(fd);
  if (answer.status == 500) answer.body.clear();
  return answer;
}

}  // namespace

PageAnswer load_page(const std::string& root, const PageRequest& request) {
  std::error_code failure;
  auto relative = relative_path(request.path);
  fs::path real_root = fs::canonical(root, failure);
  if (!relative || failure) return {};
  fs::path real = fs::canonical(real_root / *relative, failure);
  if (failure || !inside(real_root, real)) return {};
  if (fs::is_directory(real, failure)) {
    if (!request.wants_html) return {};
    if (!request.path.ends_with('/')) {
      PageAnswer moved;
      moved.status = 301;
      moved.location = request.path + "/";
      return moved;
    }
    real = fs::canonical(real / "index.html", failure);
    if (failure || !inside(real_root, real)) return {};
  }
  return read_file_answer(real, request);
}

std::string_view content_type_of(std::string_view file_name) {
  struct Type {
    std::string_view extension, name;
  };
  static constexpr Type kTypes[] = {
      {".html", "text/html; charset=utf-8"},
      {".js", "text/javascript; charset=utf-8"},
      {".mjs", "text/javascript; charset=utf-8"},
      {".css", "text/css; charset=utf-8"},
      {".json", "application/json"},
      {".map", "application/json"},
      {".webmanifest", "application/manifest+json"},
      {".txt", "text/plain; charset=utf-8"},
      {".md", "text/markdown; charset=utf-8"},
      {".xml", "application/xml"},
      {".svg", "image/svg+xml"},
      {".png", "image/png"},
      {".jpg", "image/jpeg"},
      {".jpeg", "image/jpeg"},
      {".gif", "image/gif"},
      {".webp", "image/webp"},
      {".ico", "image/x-icon"},
      {".woff", "font/woff"},
      {".woff2", "font/woff2"},
      {".wasm", "application/wasm"},
      {".mp3", "audio/mpeg"},
      {".ogg", "audio/ogg"},
      {".opus", "audio/ogg"},
      {".wav", "audio/wav"},
      {".mp4", "video/mp4"},
      {".webm", "video/webm"},
      {".pdf", "application/pdf"},
  };
  size_t dot = file_name.rfind('.');
  if (dot != std::string_view::npos) {
    for (const Type& type : kTypes) {
      if (file_name.substr(dot) == type.extension) return type.name;
    }
  }
  return "application/octet-stream";
}

bool etag_matches(std::string_view list, std::string_view etag) {
  if (list == "*") return true;
  size_t found = etag.empty() ? std::string_view::npos : list.find(etag);
  return found != std::string_view::npos;  // tags are quoted, so one cannot hide in another
}

}  // namespace limen::http
