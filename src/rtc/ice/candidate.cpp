#include <fmt/core.h>

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "rtc/ice/ice_types.hpp"

namespace limen::rtc {
namespace {

constexpr size_t kMaxText = 1024;
constexpr size_t kMaxFoundation = 32;  // RFC 8839 section 5.1: 1*32ice-char
constexpr size_t kMaxHostName = 255;

bool is_ice_char(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '+' || c == '/';
}

bool equal_ignoring_case(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  for (size_t i = 0; i < a.size(); ++i) {
    auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c; };
    if (lower(a[i]) != lower(b[i])) return false;
  }
  return true;
}

template <typename Int>
std::optional<Int> parse_number(std::string_view text) {
  Int value = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

// Splits at spaces; runs of spaces and a trailing line end do not matter.
class Words {
 public:
  explicit Words(std::string_view text) : rest_(text) {}
  std::string_view next() {
    size_t begin = rest_.find_first_not_of(kBlank);
    if (begin == std::string_view::npos) return rest_ = {};
    rest_.remove_prefix(begin);
    size_t length = std::min(rest_.find_first_of(kBlank), rest_.size());
    std::string_view word = rest_.substr(0, length);
    rest_.remove_prefix(length);
    return word;
  }

 private:
  static constexpr std::string_view kBlank = " \t\r\n";
  std::string_view rest_;
};

bool is_local_name(std::string_view text) {
  constexpr std::string_view kSuffix = ".local";
  if (text.size() <= kSuffix.size() || text.size() > kMaxHostName) return false;
  if (!equal_ignoring_case(text.substr(text.size() - kSuffix.size()), kSuffix)) return false;
  for (char c : text) {
    if (!is_ice_char(c) && c != '-' && c != '.' && c != '_') return false;
  }
  return text.find('/') == std::string_view::npos && text.find('+') == std::string_view::npos;
}

std::optional<CandidateType> parse_type(std::string_view text) {
  for (auto type : {CandidateType::host, CandidateType::srflx, CandidateType::prflx, CandidateType::relay}) {
    if (text == candidate_type_name(type)) return type;
  }
  return std::nullopt;
}

struct Attributes {
  std::optional<IpAddress> related_ip;
  std::optional<uint16_t> related_port;
  CandidateProtocol tcp_type = CandidateProtocol::tcp_passive;
  bool bad = false;
};

// What follows the type: known names are read, unknown ones skipped (RFC 8839: cand-extension).
Attributes parse_attributes(Words& words) {
  Attributes out;
  for (;;) {
    std::string_view name = words.next();
    if (name.empty()) return out;
    std::string_view value = words.next();
    if (name == "raddr") {
      out.related_ip = IpAddress::parse(value);
      out.bad |= !out.related_ip;
    } else if (name == "rport") {
      out.related_port = parse_number<uint16_t>(value);
      out.bad |= !out.related_port;
    } else if (name == "tcptype") {
      if (value == "active") out.tcp_type = CandidateProtocol::tcp_active;
      else if (value == "so") out.tcp_type = CandidateProtocol::tcp_so;
      else if (value != "passive") out.bad = true;
    }
  }
}

bool set_address(Candidate& candidate, std::string_view host, std::string_view port) {
  auto number = parse_number<uint16_t>(port);
  if (!number) return false;
  candidate.address.port = *number;
  if (auto ip = IpAddress::parse(host)) {
    candidate.address.ip = *ip;
    return true;
  }
  if (!is_local_name(host)) return false;
  candidate.host_name = host;
  return true;
}

std::string_view transport_suffix(CandidateProtocol protocol) {
  switch (protocol) {
    case CandidateProtocol::udp:
      return "";
    case CandidateProtocol::tcp_active:
      return " tcptype active";
    case CandidateProtocol::tcp_passive:
      return " tcptype passive";
    case CandidateProtocol::tcp_so:
      return " tcptype so";
  }
  return "";
}

}  // namespace

std::string_view candidate_type_name(CandidateType type) {
  switch (type) {
    case CandidateType::host:
      return "host";
    case CandidateType::srflx:
      return "srflx";
    case CandidateType::prflx:
      return "prflx";
    case CandidateType::relay:
      return "relay";
  }
  return "host";
}

std::string_view ice_state_name(IceState state) {
  switch (state) {
    case IceState::gathering:
      return "gathering";
    case IceState::connecting:
      return "connecting";
    case IceState::connected:
      return "connected";
    case IceState::ready:
      return "ready";
    case IceState::failed:
      return "failed";
    case IceState::disconnected:
      return "disconnected";
  }
  return "disconnected";
}

uint32_t candidate_priority(CandidateType type, uint16_t local_preference, uint8_t component) {
  uint32_t type_preference = 0;
  switch (type) {
    case CandidateType::host:
      type_preference = 126;
      break;
    case CandidateType::prflx:
      type_preference = 110;
      break;
    case CandidateType::srflx:
      type_preference = 100;
      break;
    case CandidateType::relay:
      type_preference = 0;
      break;
  }
  return type_preference << 24 | uint32_t{local_preference} << 8 | (256u - component);
}

uint32_t candidate_priority(CandidateType type, CandidateProtocol protocol, uint16_t local_preference) {
  uint32_t udp = candidate_priority(type, local_preference);
  if (!is_tcp(protocol) || type == CandidateType::relay) return udp;
  // Below a server-reflexive UDP candidate (100): TCP waits for what was lost.
  uint32_t type_preference = type == CandidateType::host ? 90 : type == CandidateType::prflx ? 80 : 70;
  return type_preference << 24 | (udp & 0xffffff);
}

std::string write_candidate(const Candidate& candidate) {
  bool udp = candidate.protocol == CandidateProtocol::udp;
  std::string host = candidate.host_name.empty() ? candidate.address.ip.to_string() : candidate.host_name;
  std::string text =
      fmt::format("{} {} {} {} {} {} typ {}", candidate.foundation, candidate.component, udp ? "udp" : "tcp",
                  candidate.priority, host, candidate.address.port, candidate_type_name(candidate.type));
  if (candidate.related) {
    text += fmt::format(" raddr {} rport {}", candidate.related->ip.to_string(), candidate.related->port);
  }
  text += transport_suffix(candidate.protocol);
  return text;
}

std::optional<Candidate> parse_candidate(std::string_view text) {
  constexpr std::string_view kPrefix = "candidate:";
  if (text.size() > kMaxText) return std::nullopt;
  if (text.starts_with("a=")) text.remove_prefix(2);
  if (text.starts_with(kPrefix)) text.remove_prefix(kPrefix.size());

  Words words(text);
  Candidate candidate;
  candidate.foundation = words.next();
  if (candidate.foundation.empty() || candidate.foundation.size() > kMaxFoundation) return std::nullopt;
  for (char c : candidate.foundation) {
    // Browsers have been seen to write "-" too; anything that could break a line of text is refused.
    if (!is_ice_char(c) && c != '-' && c != '_') return std::nullopt;
  }
  auto component = parse_number<uint8_t>(words.next());
  std::string_view transport = words.next();
  auto priority = parse_number<uint32_t>(words.next());
  std::string_view host = words.next();
  std::string_view port = words.next();
  if (!component || *component == 0 || !priority || *priority == 0) return std::nullopt;
  if (!set_address(candidate, host, port) || words.next() != "typ") return std::nullopt;
  auto type = parse_type(words.next());
  if (!type) return std::nullopt;
  candidate.component = *component;
  candidate.priority = *priority;
  candidate.type = *type;

  Attributes attributes = parse_attributes(words);
  if (attributes.bad) return std::nullopt;
  if (equal_ignoring_case(transport, "udp")) candidate.protocol = CandidateProtocol::udp;
  else if (equal_ignoring_case(transport, "tcp")) candidate.protocol = attributes.tcp_type;
  else if (*type == CandidateType::relay && equal_ignoring_case(transport, "tls"))
    candidate.protocol = CandidateProtocol::tcp_passive;
  else return std::nullopt;

  bool has_related = attributes.related_ip && attributes.related_port;
  if (*type != CandidateType::host && !has_related) return std::nullopt;
  if (has_related) candidate.related = SocketAddress{*attributes.related_ip, *attributes.related_port};
  return candidate;
}

}  // namespace limen::rtc
