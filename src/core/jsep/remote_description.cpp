#include "core/jsep/remote_description.hpp"

#include <algorithm>

namespace limen::core {

namespace {

constexpr size_t kMaxCredential = 256;  // RFC 8839 section 5.4
constexpr size_t kMaxCandidates = 64;
constexpr size_t kCandidateMlines = 2;

std::string folded(std::string_view text, bool upper) {
  std::string out(text);
  for (char& c : out) {
    if (upper && c >= 'a' && c <= 'z') c = char(c - 32);
    if (!upper && c >= 'A' && c <= 'Z') c = char(c + 32);
  }
  return out;
}

// Of the first m-line in use, else of the session, else of any other m-line in use: with BUNDLE the
// transport stands once, and the m-line that has it may not be the first.
std::string_view transport_attribute(const sdp::SessionDescription& description, std::string_view name) {
  const sdp::Attribute* other = nullptr;
  bool first = true;
  for (const sdp::MediaDescription& media : description.media) {
    if (media.rejected()) continue;
    const sdp::Attribute* found = media.find(name);
    if (first && found != nullptr) return found->value;
    if (other == nullptr) other = found;
    first = false;
  }
  const sdp::Attribute* session = description.find(name);
  if (session == nullptr) session = other;
  return session != nullptr ? std::string_view(session->value) : std::string_view();
}

bool is_fingerprint(std::string_view text, size_t octets) {
  if (text.size() != octets * 3 - 1) return false;
  for (size_t i = 0; i < text.size(); ++i) {
    char c = text[i];
    bool hex = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'F');
    if (i % 3 == 2 ? c != ':' : !hex) return false;
  }
  return true;
}

bool read_fingerprint(std::string_view value, rtc::RemoteTransport& out) {
  size_t space = value.find(' ');
  if (space == std::string_view::npos) return false;
  std::string hash = folded(value.substr(0, space), false);
  value.remove_prefix(space + 1);
  value = value.substr(0, value.find_last_not_of(' ') + 1);
  std::string fingerprint = folded(value, true);
  bool known =
      (hash == "sha-256" && is_fingerprint(fingerprint, 32)) || (hash == "sha-1" && is_fingerprint(fingerprint, 20));
  if (!known) return false;
  out.fingerprint_hash = std::move(hash);
  out.fingerprint = std::move(fingerprint);
  return true;
}

void read_candidates(const sdp::SessionDescription& description, std::vector<rtc::Candidate>& out) {
  size_t mlines = 0;
  for (const sdp::MediaDescription& media : description.media) {
    if (media.rejected()) continue;
    if (mlines++ == kCandidateMlines) return;
    for (std::string_view value : media.values("candidate")) {
      if (out.size() == kMaxCandidates) return;
      auto candidate = rtc::parse_candidate(value);
      if (!candidate || candidate->component != 1) continue;
      if (std::ranges::find(out, *candidate) == out.end()) out.push_back(std::move(*candidate));
    }
  }
}

}  // namespace

std::optional<RemoteDescription> read_remote(const sdp::SessionDescription& description, bool encrypted) {
  RemoteDescription out;
  out.transport.ice.ufrag = transport_attribute(description, "ice-ufrag");
  out.transport.ice.pwd = transport_attribute(description, "ice-pwd");
  const rtc::IceCredentials& ice = out.transport.ice;
  if (ice.ufrag.empty() || ice.pwd.empty()) return std::nullopt;
  if (ice.ufrag.size() > kMaxCredential || ice.pwd.size() > kMaxCredential) return std::nullopt;
  bool secured = read_fingerprint(transport_attribute(description, "fingerprint"), out.transport);
  if (encrypted && !secured) return std::nullopt;
  out.transport.ice_lite = description.find("ice-lite") != nullptr;
  out.setup = folded(transport_attribute(description, "setup"), false);
  out.mixes_extensions = description.find("extmap-allow-mixed") != nullptr ||
                         std::ranges::any_of(description.media, [](const sdp::MediaDescription& media) {
                           return media.find("extmap-allow-mixed") != nullptr;
                         });
  read_candidates(description, out.candidates);
  return out;
}

bool msids_are_valid(const sdp::SessionDescription& description) {
  return std::ranges::all_of(description.media, [](const sdp::MediaDescription& media) {
    const sdp::Attribute* msid = media.find("msid");
    return msid == nullptr || msid->value.find_first_not_of(' ') != std::string::npos;
  });
}

}  // namespace limen::core
