// The `.nfo` file that describes a recording: INI text with one category, named by the id (contract,
// section 3). Pure functions on text; any thread.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "base/time.hpp"

namespace limen::recordplay {

struct Nfo {
  uint64_t id = 0;
  std::string name;
  std::optional<bool> is_private;  // nullopt: the file does not say
  std::string date;                // local time, "2026-11-22 11:34:57"
  std::string audio, video, data;  // file names in the folder, with ".mjr"; empty: none
  friend bool operator==(const Nfo&, const Nfo&) = default;
};

inline constexpr size_t kMaxNfo = 64 * 1024;  // bytes; longer ones are refused

// Also of files made by hand. Fails without an id, name, date, or any of audio and video.
Result<Nfo> parse_nfo(std::string_view text);
// CRLF lines. Control characters in values become underscores.
std::string write_nfo(const Nfo& nfo);
std::string local_date(WallTime at);

}  // namespace limen::recordplay
