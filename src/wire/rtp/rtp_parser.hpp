// From a decrypted datagram to an RtpPacket: header, extensions, padding.
//
// RFC 3550 section 5, RFC 8285. Hostile input: every length is checked, nothing is allocated. Codec
// facts are filled separately (wire/codec/video_facts.hpp), since they depend on the payload type.
#pragma once
#include <cstdint>
#include <expected>
#include <optional>

#include "base/bytes.hpp"
#include "base/packet.hpp"
#include "wire/rtp/datagram_kind.hpp"
#include "wire/rtp/header_extensions.hpp"
#include "wire/rtp/rtp_packet.hpp"

namespace limen {

inline constexpr size_t kRtpFixedHeader = 12;

enum class RtpError : uint8_t { too_short, bad_version, csrc_past_end, extension_past_end, bad_padding, count };
std::string_view rtp_error_name(RtpError error);

// The header alone; readable while the payload is still encrypted.
struct RtpHeader {
  uint32_t ssrc = 0;
  uint32_t timestamp = 0;
  uint16_t sequence = 0;
  uint16_t size = 0;               // fixed part + CSRCs + extension block: where the payload begins
  uint16_t extensions_offset = 0;  // of the first extension element; 0: no extension block
  uint16_t extensions_size = 0;
  uint16_t extensions_profile = 0;  // 0xbede, 0x100x or something else
  uint8_t payload_type = 0;
  uint8_t csrc_count = 0;
  bool marker = false;
  bool padding = false;
};

std::expected<RtpHeader, RtpError> parse_rtp_header(Bytes datagram);

// The whole packet; `mline`, `substream`, `codec` and `video` keep their defaults.
std::expected<RtpPacket, RtpError> parse_rtp(Packet packet, const ExtensionMap& map);

// For a packet whose m-line (so its map) became known only after parsing with another map. Elements
// that run past the block end the reading; what was read before counts.
ExtensionFacts parse_extensions(Bytes datagram, const RtpHeader& header, const ExtensionMap& map);

// Turns an RTX packet into the original in place (RFC 4588 section 4): number from the first two
// payload bytes, header moved up against the payload, so that the bytes too are a plain RTP packet.
// `packet` must be uniquely owned. False, and unchanged, if it carries no original (padding probes).
bool unwrap_rtx(RtpPacket& packet, uint32_t original_ssrc, uint8_t original_payload_type);

}  // namespace limen
