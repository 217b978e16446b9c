// VP9 payload descriptor (RFC 9628 section 4.2), in flexible and non-flexible mode.
#pragma once
#include <array>
#include <cstdint>
#include <optional>

#include "base/bytes.hpp"
#include "wire/codec/video_facts.hpp"
#include "wire/rtp/rtp_packet.hpp"

namespace limen::vp9 {

inline constexpr size_t kMaxSpatialLayers = 8;

struct Descriptor {
  bool inter_picture = false;         // P
  bool flexible = false;              // F
  bool start_of_layer_frame = false;  // B
  bool end_of_layer_frame = false;    // E
  bool not_upper_reference = false;   // Z: no higher spatial layer depends on this frame
  bool switching_up = false;          // U
  bool inter_layer = false;           // D
  bool wide_picture_id = false;
  int32_t picture_id = -1;
  int8_t spatial = -1;
  int8_t temporal = -1;
  int16_t tl0_picture_index = -1;  // non-flexible mode only
  uint8_t reference_count = 0;     // flexible mode
  std::array<uint8_t, 3> reference_differences{};
  bool has_structure = false;                        // V
  uint8_t spatial_layers = 0;                        // valid with has_structure
  std::array<VideoSize, kMaxSpatialLayers> sizes{};  // zero if the structure has no resolutions
  uint8_t pictures_in_group = 0;
  uint8_t size = 0;
};

// Nothing if malformed. A descriptor longer than 127 bytes (huge picture groups) is refused.
std::optional<Descriptor> parse_descriptor(Bytes payload);
VideoFacts parse(Bytes payload);
std::optional<VideoSize> keyframe_size(Bytes payload);

}  // namespace limen::vp9
