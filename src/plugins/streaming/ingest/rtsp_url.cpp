#include "plugins/streaming/ingest/rtsp_url.hpp"

#include <algorithm>

#include "plugins/streaming/ingest/rtsp_message.hpp"

namespace limen::streaming {

namespace {

constexpr size_t kMaxUrl = 2048;

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

std::string decoded(std::string_view text) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    int high = i + 2 < text.size() && text[i] == '%' ? hex_value(text[i + 1]) : -1;
    int low = high >= 0 ? hex_value(text[i + 2]) : -1;
    if (low >= 0) {
      out += static_cast<char>(high * 16 + low);
      i += 2;
    } else {
      out += text[i];
    }
  }
  return out;
}

// "host", "host:port", "[v6]", "[v6]:port"
Result<> read_host(std::string_view authority, RtspUrl& out) {
  std::string_view port;
  if (authority.starts_with('[')) {
    size_t end = authority.find(']');
    if (end == std::string_view::npos) return fail("the address in the RTSP URL has no closing bracket");
    out.host = authority.substr(1, end - 1);
    port = authority.substr(end + 1);
  } else {
    size_t colon = std::min(authority.find(':'), authority.size());
    out.host = authority.substr(0, colon);
    port = authority.substr(colon);
  }
  if (out.host.empty()) return fail("the RTSP URL has no host");
  if (port.empty()) return {};
  auto number = rtsp_number(port.substr(1), 65535);
  if (port[0] != ':' || !number || *number == 0) return fail("the port in the RTSP URL is no port");
  out.port = static_cast<uint16_t>(*number);
  return {};
}

}  // namespace

Result<RtspUrl> parse_rtsp_url(std::string_view text) {
  constexpr std::string_view kScheme = "rtsp://";
  if (text.size() > kMaxUrl) return fail("the RTSP URL is too long");
  if (text.size() < kScheme.size() || !same_word(text.substr(0, kScheme.size()), kScheme)) {
    return fail("only rtsp:// URLs are supported");
  }
  if (std::ranges::any_of(text, [](char c) { return static_cast<unsigned char>(c) <= 32 || c == 127; })) {
    return fail("the RTSP URL has characters that may not be there");
  }
  RtspUrl out;
  text.remove_prefix(kScheme.size());
  size_t slash = std::min(text.find_first_of("/?"), text.size());
  std::string_view authority = text.substr(0, slash);
  out.path = text.substr(slash, text.find('#') - slash);
  if (!out.path.starts_with('/')) out.path.insert(0, "/");
  if (size_t at = authority.rfind('@'); at != std::string_view::npos) {
    std::string_view credentials = authority.substr(0, at);
    size_t colon = std::min(credentials.find(':'), credentials.size());
    out.user = decoded(credentials.substr(0, colon));
    if (colon < credentials.size()) out.password = decoded(credentials.substr(colon + 1));
    authority.remove_prefix(at + 1);
  }
  if (auto host = read_host(authority, out); !host) return std::unexpected(host.error());
  if (size_t mark = out.path.find('?'); mark != std::string::npos) out.query = out.path.substr(mark);
  bool bare = slash == text.size();
  out.text = fmt::format("{}{}{}", kScheme, authority, bare ? "" : out.path);
  return out;
}

std::string control_url(const RtspUrl& url, std::string_view base, std::string_view control) {
  if (base.empty()) base = std::string_view(url.text).substr(0, url.text.find('?'));
  if (base.ends_with('/')) base.remove_suffix(1);
  std::string out;
  if (control == "*") out = base;
  else if (control.starts_with(base) || control.starts_with("rtsp://")) out = control;
  else out = fmt::format("{}/{}", base, control);
  if (!url.query.empty() && control.find(url.query) == std::string_view::npos) out += url.query;
  return out;
}

}  // namespace limen::streaming
