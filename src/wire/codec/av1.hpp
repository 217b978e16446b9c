// AV1 RTP payload format: aggregation header and OBU elements (AOMedia RTP specification 1.0 section 4).
#pragma once
#include <array>
#include <cstdint>
#include <optional>

#include "base/bytes.hpp"
#include "wire/codec/video_facts.hpp"
#include "wire/rtp/rtp_packet.hpp"

namespace limen::av1 {

enum class ObuType : uint8_t {
  sequence_header = 1,
  temporal_delimiter = 2,
  frame_header = 3,
  tile_group = 4,
  metadata = 5,
  frame = 6,
  redundant_frame_header = 7,
  tile_list = 8,
  padding = 15,
};

inline constexpr size_t kMaxElements = 32;  // OBU elements looked at in one packet

struct Payload {
  bool continues = false;        // Z: the first element continues one of the packet before
  bool to_be_continued = false;  // Y: the last element goes on in the next packet
  bool new_sequence = false;     // N: first packet of a coded video sequence
  uint8_t element_count = 0;
  std::array<Bytes, kMaxElements> elements;  // OBUs or fragments, without the length fields
};

std::optional<Payload> parse_payload(Bytes payload);
// Keyframe: N, or a sequence header OBU begins here. Layers only from OBU extension headers.
VideoFacts parse(Bytes payload);
// max_frame_width/height_minus_1 + 1 of the sequence header in the packet.
std::optional<VideoSize> sequence_size(Bytes payload);

}  // namespace limen::av1
