#include <algorithm>
#include <charconv>

#include "wire/sdp/session_description.hpp"

namespace limen::sdp {

namespace {

constexpr size_t kMaxLines = 2048;
constexpr size_t kMaxMedia = 128;
constexpr size_t kMaxMediaLine = 200;
constexpr size_t kMaxValue = 2047;
constexpr size_t kMaxMid = 16;
constexpr size_t kMaxUsername = 255;

std::string_view next_token(std::string_view& text) {
  size_t start = std::min(text.find_first_not_of(' '), text.size());
  size_t end = std::min(text.find(' ', start), text.size());
  std::string_view token = text.substr(start, end - start);
  text.remove_prefix(end);
  return token;
}

// Digits only; too large a number becomes the largest, as browsers' 64-bit ids may be written oddly.
std::optional<uint64_t> number(std::string_view text) {
  uint64_t value = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error == std::errc::invalid_argument || end != text.data() + text.size()) return std::nullopt;
  return error == std::errc::result_out_of_range ? UINT64_MAX : value;
}

// "IN IP4 address"; false if malformed.
bool read_address(std::string_view& rest, bool& v4, std::string& address) {
  if (next_token(rest) != "IN") return false;
  std::string_view family = next_token(rest);
  std::string_view value = next_token(rest);
  if ((family != "IP4" && family != "IP6") || value.empty()) return false;
  v4 = family == "IP4";
  address = value.substr(0, 255);
  return true;
}

std::optional<Direction> direction_of(std::string_view name) {
  for (Direction d : {Direction::sendrecv, Direction::sendonly, Direction::recvonly, Direction::inactive}) {
    if (name == direction_name(d)) return d;
  }
  return std::nullopt;
}

std::optional<MediaKind> kind_of(std::string_view name) {
  std::string lower(name);
  std::ranges::transform(lower, lower.begin(), [](char c) { return c >= 'A' && c <= 'Z' ? char(c + 32) : c; });
  if (lower == "audio") return MediaKind::audio;
  if (lower == "video") return MediaKind::video;
  if (lower == "application") return MediaKind::data;
  return std::nullopt;
}

class Parser {
 public:
  Result<SessionDescription> run(std::string_view text) {
    if (!text.starts_with("v=")) return fail("Invalid SDP (doesn't start with v=)");
    if (text.find('\0') != std::string_view::npos) return fail("Invalid SDP (contains a zero byte)");
    size_t lines = 0;
    while (!text.empty()) {
      size_t end = std::min(text.find_first_of("\r\n"), text.size());
      std::string_view line = text.substr(0, end);
      text.remove_prefix(std::min(end + 1, text.size()));
      if (line.empty()) continue;
      if (++lines > kMaxLines) return fail("Invalid SDP (more than {} lines)", kMaxLines);
      if (Result<> read = read_line(line); !read) return std::unexpected(read.error());
    }
    if (!has_origin_ || !has_name_ || out_.media.empty()) return fail("Missing mandatory lines (o=, s= or m=)");
    settle_ports();
    return std::move(out_);
  }

 private:
  Result<> read_line(std::string_view line) {
    if (line.size() < 3) return fail("Invalid line ({} bytes): {}", line.size(), line);
    if (line[1] != '=') return fail("Invalid line (2nd char is not '='): {}", line);
    std::string_view value = line.substr(2);
    switch (line[0]) {
      case 'm':
        return read_media(line, value);
      case 'a':
        return read_attribute(value);
      case 'c':
        return read_connection(line, value);
      case 'b':
        return read_bandwidth(value);
      default:
        break;
    }
    if (!out_.media.empty()) return {};
    if (line[0] == 'o') return read_origin(line, value);
    if (line[0] == 's') {
      if (has_name_) return fail("Multiple s= lines: {}", line);
      has_name_ = true;
      out_.name = value.substr(0, kMaxValue);
    }
    return {};
  }

  Result<> read_origin(std::string_view line, std::string_view rest) {
    if (has_origin_) return fail("Multiple o= lines: {}", line);
    has_origin_ = true;
    std::string_view user = next_token(rest);
    auto id = number(next_token(rest));
    auto version = number(next_token(rest));
    if (user.size() > kMaxUsername || !id || !version || !read_address(rest, out_.origin.v4, out_.origin.address)) {
      return fail("Invalid o= line: {}", line);
    }
    out_.origin.username = user;
    out_.origin.session_id = *id;
    out_.origin.version = *version;
    return {};
  }

  Result<> read_connection(std::string_view line, std::string_view rest) {
    bool in_media = !out_.media.empty();
    bool& v4 = in_media ? media().connection_v4 : out_.connection_v4;
    std::string& address = in_media ? media().connection_address : out_.connection_address;
    if (!read_address(rest, v4, address)) return fail("Invalid c= line: {}", line);
    return {};
  }

  Result<> read_bandwidth(std::string_view value) {
    size_t colon = value.find(':');
    if (colon == std::string_view::npos) return fail("Invalid b= line: {}", value);
    if (out_.media.empty() || !media().bandwidth_type.empty()) return {};
    std::string_view type = value.substr(0, colon);
    if (type != "AS" && type != "TIAS") return {};
    media().bandwidth_type = type;
    auto amount = number(value.substr(colon + 1));
    media().bandwidth = static_cast<uint32_t>(std::min<uint64_t>(amount.value_or(0), UINT32_MAX));
    return {};
  }

  Result<> read_media(std::string_view line, std::string_view rest) {
    if (line.size() > kMaxMediaLine) return fail("Invalid m= line (too long): {}", line.size());
    if (out_.media.size() == kMaxMedia) return fail("Invalid m= line (more than {})", kMaxMedia);
    auto kind = kind_of(next_token(rest));
    std::string_view port_text = next_token(rest);
    auto port = number(port_text.substr(0, port_text.find('/')));
    std::string_view protocol = next_token(rest);
    if (!kind || !port || protocol.empty()) return fail("Invalid m= line: {}", line);
    MediaDescription added;
    added.kind = *kind;
    added.port = *port > UINT16_MAX ? uint16_t{9} : static_cast<uint16_t>(*port);
    added.protocol = protocol;
    read_formats(added, rest);
    if (added.payload_types.empty() && added.formats.empty()) {
      return fail("Invalid m= line (no payload types/formats): {}", line);
    }
    out_.media.push_back(std::move(added));
    return {};
  }

  static void read_formats(MediaDescription& media, std::string_view rest) {
    while (true) {
      std::string_view token = next_token(rest);
      if (token.empty()) return;
      if (media.kind == MediaKind::data) {
        media.formats.emplace_back(token);
        continue;
      }
      auto payload_type = number(token);
      if (!payload_type || *payload_type > 127) continue;
      auto value = static_cast<uint8_t>(*payload_type);
      if (std::ranges::find(media.payload_types, value) == media.payload_types.end()) {
        media.payload_types.push_back(value);
      }
    }
  }

  Result<> read_attribute(std::string_view text) {
    size_t colon = text.find(':');
    if (colon != std::string_view::npos && colon + 1 == text.size()) return fail("Invalid a= line: {}", text);
    std::string_view name = text.substr(0, std::min(colon, kMaxValue));
    if (name.empty()) return {};
    std::string_view value = colon == std::string_view::npos ? std::string_view() : text.substr(colon + 1, kMaxValue);
    if (out_.media.empty()) {
      out_.add(std::string(name), std::string(value));
      return {};
    }
    if (name == "mid") {
      if (value.size() > kMaxMid) return fail("");  // the reference server has no words for this one
      if (media().find("mid") != nullptr) return {};
    }
    if (colon == std::string_view::npos) {
      if (auto direction = direction_of(name)) {
        media().direction = *direction;
        return {};
      }
    }
    media().add(std::string(name), std::string(value));
    return {};
  }

  // Port 0 rejects an m-line, but bundle-only ones have it too (RFC 8843 section 6), and some peers
  // write it in the first one while they mean to use it.
  void settle_ports() {
    for (size_t i = 0; i < out_.media.size(); ++i) {
      MediaDescription& m = out_.media[i];
      if (m.port != 0) continue;
      bool first_in_use = i == 0 && m.direction != Direction::inactive;
      if (first_in_use || m.find("bundle-only") != nullptr) m.port = 9;
    }
  }

  MediaDescription& media() { return out_.media.back(); }

  SessionDescription out_;
  bool has_origin_ = false;
  bool has_name_ = false;
};

}  // namespace

Result<SessionDescription> parse_sdp(std::string_view text) {
  return Parser().run(text);
}

}  // namespace limen::sdp
