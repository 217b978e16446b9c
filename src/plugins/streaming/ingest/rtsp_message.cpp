#include "plugins/streaming/ingest/rtsp_message.hpp"

#include <algorithm>
#include <charconv>

namespace limen::streaming {

namespace {

constexpr uint8_t kInterleavedMark = '$';
constexpr size_t kInterleavedHeader = 4;
constexpr std::string_view kVersion = "RTSP/1.";

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
}

// Up to the line's end, which is CRLF or (of sloppy servers) LF; moves on behind it.
std::string_view next_line(std::string_view& text) {
  size_t end = text.find('\n');
  std::string_view line = text.substr(0, end);
  text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
  return line;
}

// Where the head ends, behind the empty line; npos if it is not there yet.
size_t head_end(std::string_view text) {
  for (size_t at = text.find('\n'); at != std::string_view::npos; at = text.find('\n', at + 1)) {
    if (at + 1 < text.size() && text[at + 1] == '\n') return at + 2;
    if (at + 2 < text.size() && text[at + 1] == '\r' && text[at + 2] == '\n') return at + 3;
  }
  return std::string_view::npos;
}

Result<> read_first_line(std::string_view line, RtspMessage& out) {
  if (line.starts_with(kVersion)) {
    size_t space = line.find(' ');
    if (space == std::string_view::npos) return fail("the server's answer has no status");
    std::string_view rest = trimmed(line.substr(space));
    auto status = rtsp_number(rest.substr(0, 3), 599);
    if (!status || *status < 100 || (rest.size() > 3 && rest[3] != ' '))
      return fail("the server's status is no number");
    out.status = static_cast<int>(*status);
    out.reason = trimmed(rest.substr(3));
    return {};
  }
  size_t space = line.find(' ');
  if (space == 0 || space == std::string_view::npos || line.find(kVersion, space) == std::string_view::npos) {
    return fail("the server does not speak RTSP");
  }
  out.method = line.substr(0, space);
  return {};
}

}  // namespace

bool same_word(std::string_view a, std::string_view b) {
  return std::ranges::equal(a, b, [](char x, char y) { return lower(x) == lower(y); });
}

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view kBlank = " \t\r\n";
  size_t begin = text.find_first_not_of(kBlank);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(kBlank) - begin + 1);
}

std::optional<uint32_t> rtsp_number(std::string_view text, uint32_t max) {
  uint32_t value = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value > max) return std::nullopt;
  return value;
}

std::string_view RtspMessage::header(std::string_view name) const {
  for (const auto& [key, value] : headers) {
    if (same_word(key, name)) return value;
  }
  return {};
}

std::vector<std::string_view> RtspMessage::all(std::string_view name) const {
  std::vector<std::string_view> values;
  for (const auto& [key, value] : headers) {
    if (same_word(key, name)) values.push_back(value);
  }
  return values;
}

Result<RtspMessage> parse_rtsp_head(std::string_view text) {
  RtspMessage out;
  if (auto first = read_first_line(next_line(text), out); !first) return std::unexpected(first.error());
  while (!text.empty()) {
    std::string_view line = next_line(text);
    if (line.empty()) break;
    if ((line[0] == ' ' || line[0] == '\t') && !out.headers.empty()) {  // goes on from the line before
      out.headers.back().second += fmt::format(" {}", trimmed(line));
      continue;
    }
    size_t colon = line.find(':');
    if (colon == std::string_view::npos || colon == 0) return fail("the server sent a header line without a name");
    if (out.headers.size() == RtspReader::kMaxHeaders) return fail("the server sent too many header lines");
    out.headers.emplace_back(trimmed(line.substr(0, colon)), trimmed(line.substr(colon + 1)));
  }
  return out;
}

Result<size_t> RtspReader::take_message(Bytes bytes) {
  std::string_view text = as_text(bytes);
  size_t head = head_end(text.substr(0, kMaxHead));
  if (head == std::string_view::npos) {
    if (text.size() >= kMaxHead) return fail("the server's answer is too long");
    return 0;
  }
  auto message = parse_rtsp_head(text.substr(0, head));
  if (!message) return std::unexpected(message.error());
  size_t length = 0;
  if (std::string_view stated = message->header("Content-Length"); !stated.empty()) {
    auto value = rtsp_number(stated, kMaxBody);
    if (!value) return fail("the length of the server's answer makes no sense, or it is too long");
    length = *value;
  }
  if (bytes.size() - head < length) return 0;
  message->body = text.substr(head, length);
  if (on_message) on_message(std::move(*message));
  return head + length;
}

Result<size_t> RtspReader::take(Bytes bytes) {
  if (bytes.empty()) return 0;
  if (bytes[0] == '\r' || bytes[0] == '\n') return 1;  // between messages
  if (bytes[0] != kInterleavedMark) return take_message(bytes);
  if (bytes.size() < kInterleavedHeader) return 0;
  size_t size = load_u16(&bytes[2]);
  if (bytes.size() - kInterleavedHeader < size) return 0;
  if (on_interleaved) on_interleaved(bytes[1], bytes.subspan(kInterleavedHeader, size));
  return kInterleavedHeader + size;
}

Result<> RtspReader::feed(Bytes bytes) {
  bool kept = !rest_.empty();
  if (kept) {
    rest_.insert(rest_.end(), bytes.begin(), bytes.end());
    bytes = rest_;
  }
  size_t done = 0;
  while (true) {
    auto taken = take(bytes.subspan(done));
    if (!taken) return std::unexpected(taken.error());
    if (*taken == 0) break;
    done += *taken;
  }
  if (kept) rest_.erase(rest_.begin(), rest_.begin() + static_cast<ptrdiff_t>(done));
  else rest_.assign(bytes.begin() + static_cast<ptrdiff_t>(done), bytes.end());
  return {};
}

}  // namespace limen::streaming
