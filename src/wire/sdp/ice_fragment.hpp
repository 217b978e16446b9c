// IceFragment: the body of type application/trickle-ice-sdpfrag (RFC 8840): candidates for m-lines that a description
// has introduced, and ICE credentials. Pure functions on values, any thread.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "wire/sdp/session_description.hpp"

namespace limen::sdp {

struct FragmentMedia {
  std::string mid;                      // "" if not said
  std::string kind = "audio";           // of the pseudo m-line
  std::vector<std::string> candidates;  // "candidate:1 1 udp ...", without "a="
  bool end_of_candidates = false;
  friend bool operator==(const FragmentMedia&, const FragmentMedia&) = default;
};

struct IceFragment {
  // The first ones given, at session level or in an m-line: with BUNDLE there is one transport. "" if none.
  std::string ufrag, password;
  bool end_of_candidates = false;  // for all m-lines
  std::vector<FragmentMedia> media;
  friend bool operator==(const IceFragment&, const IceFragment&) = default;
};

// Hostile input: at most 64 m-lines, 256 candidates in all, lines of 1024 bytes; credentials as long as RFC 8839 lets
// them be and made of its characters. Other attributes are passed over. LF and CRLF end lines.
Result<IceFragment> parse_ice_fragment(std::string_view text);
std::string write_ice_fragment(const IceFragment& fragment);

// What a whole description says of ICE: of its first m-line that is not rejected (BUNDLE).
IceFragment ice_of(const SessionDescription& description);
// The same description after an ICE restart of its author: other credentials and candidates everywhere, next version.
void restart_ice(SessionDescription& description, const IceFragment& fragment);

}  // namespace limen::sdp
