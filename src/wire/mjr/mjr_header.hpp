// What a .mjr recording says about itself: the JSON text behind "MJR00002".
//
// Values; any thread. The text is written in one fixed order with a space after ':' and ','; reading
// does not care about either.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.hpp"
#include "base/time.hpp"
#include "wire/codec/codec.hpp"

namespace limen::mjr {

struct Header {
  MediaKind kind = MediaKind::audio;
  std::string codec;                                        // "vp8", "opus", "text" ...
  std::string fmtp;                                         // empty: none
  std::string description;                                  // empty: none
  std::vector<std::pair<uint8_t, std::string>> extensions;  // RTP extension id (1..15) and URI
  WallTime created;
  WallTime first_frame;
  uint8_t red_payload_type = 0;  // of an Opus recording; 0: none
  bool encrypted = false;        // end to end: can be stored, not converted
  friend bool operator==(const Header&, const Header&) = default;
};

// May a recording of this kind have this codec name (any case)?
bool is_recordable(MediaKind kind, std::string_view codec);

std::string write_header_json(const Header& header);
// Fails if t, c, s or u is missing or of the wrong type, or if the codec is none of the kind's.
Result<Header> parse_header_json(std::string_view json);

}  // namespace limen::mjr
