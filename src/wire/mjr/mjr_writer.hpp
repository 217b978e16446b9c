// The bytes of a .mjr recording (MJR00002), appended to a caller's buffer; files are somebody else's.
//
// Order: append_magic() at creation, append_header() together with the first frame, then frames. RTP
// frames are plain packets whose sequence numbers and timestamps the caller has rewritten (1, 0, ...).
// `ms` is the time since the first frame; it wraps after 49 days.
#pragma once
#include <cstdint>
#include <vector>

#include "base/bytes.hpp"
#include "base/time.hpp"
#include "wire/mjr/mjr_header.hpp"

namespace limen::mjr {

inline constexpr std::string_view kMagic = "MJR00002";
inline constexpr size_t kMaxFrame = 0xffff;

void append_magic(std::vector<uint8_t>& out);
// False, and nothing appended, if the JSON text is longer than 65535 bytes.
bool append_header(const Header& header, std::vector<uint8_t>& out);
// False, and nothing appended, if the frame is longer than kMaxFrame. In two parts, so that a rewritten
// header needs no copy of the payload.
bool append_rtp_frame(uint32_t ms, Bytes header, Bytes payload, std::vector<uint8_t>& out);
inline bool append_rtp_frame(uint32_t ms, Bytes packet, std::vector<uint8_t>& out) {
  return append_rtp_frame(ms, packet, {}, out);
}
bool append_data_frame(uint32_t ms, WallTime at, Bytes message, std::vector<uint8_t>& out);

}  // namespace limen::mjr
