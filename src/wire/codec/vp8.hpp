// VP8 payload descriptor (RFC 7741 section 4.2), key frame header (section 4.3).
#pragma once
#include <cstdint>
#include <optional>

#include "base/bytes.hpp"
#include "wire/codec/video_facts.hpp"
#include "wire/rtp/rtp_packet.hpp"

namespace limen::vp8 {

struct Descriptor {
  bool non_reference = false;
  bool start_of_partition = false;
  uint8_t partition = 0;
  int32_t picture_id = -1;
  bool wide_picture_id = false;
  int16_t tl0_picture_index = -1;
  int8_t temporal = -1;
  bool layer_sync = false;
  int8_t key_index = -1;
  uint8_t size = 0;
  uint8_t picture_id_offset = 0;  // 0: absent
  uint8_t tl0_offset = 0;
};

std::optional<Descriptor> parse_descriptor(Bytes payload);
VideoFacts parse(Bytes payload);
// Of a key frame's first packet.
std::optional<VideoSize> keyframe_size(Bytes payload);

// Fills out.prefix so that the packet leaves with these ids; fields that the source lacks stay absent
// and the width of the picture id stays as it was. False if `out.source` is not VP8 with a descriptor.
bool rewrite_descriptor(OutgoingRtp& out, uint16_t picture_id, uint8_t tl0_picture_index);

}  // namespace limen::vp8
