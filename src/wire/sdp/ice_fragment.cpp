#include "wire/sdp/ice_fragment.hpp"

#include <algorithm>

namespace limen::sdp {
namespace {

constexpr size_t kMaxMedia = 64, kMaxCandidates = 256, kMaxLine = 1024;
constexpr size_t kShortestUfrag = 4, kShortestPassword = 22, kLongestCredential = 256;

bool is_ice_text(std::string_view text) {
  return std::ranges::all_of(text, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '+' || c == '/' ||
           c == '-' || c == '_' || c == '=';
  });
}

bool is_plain(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return c >= 0x20 && c < 0x7f; });
}

Result<> take_credential(std::string_view value, size_t shortest, std::string& into) {
  if (value.size() < shortest || value.size() > kLongestCredential || !is_ice_text(value)) {
    return fail("malformed ICE credentials");
  }
  if (into.empty()) into = value;
  return {};
}

class Reader {
 public:
  Result<> line(std::string_view line) {
    if (line.size() > kMaxLine) return fail("line too long");
    if (line.size() < 2 || line[1] != '=') return fail("not a line of a session description");
    if (!is_plain(line)) return fail("characters that are not allowed");
    if (line[0] == 'm') return media(line.substr(2));
    if (line[0] == 'a') return attribute(line.substr(2));
    return {};
  }
  IceFragment take() { return std::move(out_); }

 private:
  Result<> media(std::string_view value) {
    if (out_.media.size() >= kMaxMedia) return fail("too many m-lines");
    std::string_view kind = value.substr(0, value.find(' '));
    if (kind != "audio" && kind != "video" && kind != "application") return fail("unknown kind of m-line");
    out_.media.emplace_back().kind = kind;
    return {};
  }

  Result<> attribute(std::string_view text) {
    size_t colon = text.find(':');
    std::string_view name = text.substr(0, colon);
    std::string_view value = colon == std::string_view::npos ? std::string_view() : text.substr(colon + 1);
    if (name == "ice-ufrag") return take_credential(value, kShortestUfrag, out_.ufrag);
    if (name == "ice-pwd") return take_credential(value, kShortestPassword, out_.password);
    if (name == "end-of-candidates") {
      (out_.media.empty() ? out_.end_of_candidates : out_.media.back().end_of_candidates) = true;
      return {};
    }
    if (name == "mid") {
      if (out_.media.empty() || value.empty() || value.size() > kLongestCredential) return fail("misplaced mid");
      if (out_.media.back().mid.empty()) out_.media.back().mid = value;
      return {};
    }
    if (name != "candidate") return {};
    if (out_.media.empty()) return fail("a candidate without m-line");
    if (value.empty()) return fail("an empty candidate");
    if (++candidates_ > kMaxCandidates) return fail("too many candidates");
    out_.media.back().candidates.emplace_back(text);
    return {};
  }

  IceFragment out_;
  size_t candidates_ = 0;
};

void replace(std::vector<Attribute>& attributes, std::string_view name, const std::string& value) {
  for (Attribute& attribute : attributes) {
    if (attribute.name == name) attribute.value = value;
  }
}

}  // namespace

Result<IceFragment> parse_ice_fragment(std::string_view text) {
  Reader reader;
  while (!text.empty()) {
    size_t end = text.find('\n');
    std::string_view line = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (line.empty()) continue;
    if (auto read = reader.line(line); !read) return std::unexpected(read.error());
  }
  IceFragment out = reader.take();
  if (out.ufrag.empty() != out.password.empty()) return fail("half of the ICE credentials");
  return out;
}

std::string write_ice_fragment(const IceFragment& fragment) {
  std::string out;
  auto line = [&out](std::string_view name, std::string_view value) {
    out += fmt::format("a={}{}{}\r\n", name, value.empty() ? "" : ":", value);
  };
  if (!fragment.ufrag.empty()) {
    line("ice-ufrag", fragment.ufrag);
    line("ice-pwd", fragment.password);
  }
  if (fragment.end_of_candidates) line("end-of-candidates", "");
  for (const FragmentMedia& media : fragment.media) {
    out +=
        fmt::format("m={} 9 {} 0\r\n", media.kind, media.kind == "application" ? "UDP/DTLS/SCTP" : "UDP/TLS/RTP/SAVPF");
    if (!media.mid.empty()) line("mid", media.mid);
    for (const std::string& candidate : media.candidates) out += "a=" + candidate + "\r\n";
    if (media.end_of_candidates) line("end-of-candidates", "");
  }
  return out;
}

IceFragment ice_of(const SessionDescription& description) {
  IceFragment out;
  // The parser takes a first m-line with port 0 for one in use; one without credentials is not.
  bool common = description.find("ice-ufrag") != nullptr;
  auto first = std::ranges::find_if(description.media, [common](const MediaDescription& m) {
    return !m.rejected() && (common || m.find("ice-ufrag") != nullptr);
  });
  if (first == description.media.end()) return out;
  auto credential = [&](std::string_view name) {
    const Attribute* found = first->find(name);
    if (found == nullptr) found = description.find(name);
    return found == nullptr ? std::string() : found->value;
  };
  out.ufrag = credential("ice-ufrag");
  out.password = credential("ice-pwd");
  FragmentMedia& media = out.media.emplace_back();
  media.mid = first->mid();
  media.kind = first->kind == MediaKind::data ? "application" : std::string(media_kind_name(first->kind));
  for (std::string_view value : first->values("candidate")) {
    media.candidates.push_back("candidate:" + std::string(value));
  }
  media.end_of_candidates = first->find("end-of-candidates") != nullptr;
  return out;
}

void restart_ice(SessionDescription& description, const IceFragment& fragment) {
  ++description.origin.version;
  replace(description.attributes, "ice-ufrag", fragment.ufrag);
  replace(description.attributes, "ice-pwd", fragment.password);
  for (MediaDescription& media : description.media) {
    replace(media.attributes, "ice-ufrag", fragment.ufrag);
    replace(media.attributes, "ice-pwd", fragment.password);
    media.remove("candidate");
    media.remove("end-of-candidates");
    for (const FragmentMedia& given : fragment.media) {
      if (given.mid != media.mid()) continue;
      for (const std::string& candidate : given.candidates) {
        media.add("candidate", candidate.substr(std::string_view("candidate:").size()));
      }
      if (given.end_of_candidates || fragment.end_of_candidates) media.add("end-of-candidates");
    }
  }
}

}  // namespace limen::sdp
