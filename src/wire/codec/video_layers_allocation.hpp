// The video-layers-allocation header extension: which simulcast/SVC layers a sender produces, at what
// bitrate and size. http://www.webrtc.org/experiments/rtp-hdrext/video-layers-allocation00
#pragma once
#include <array>
#include <cstdint>
#include <optional>

#include "base/bytes.hpp"

namespace limen {

struct VideoLayersAllocation {
  static constexpr size_t kMaxStreams = 4;
  static constexpr size_t kMaxSpatial = 4;
  static constexpr size_t kMaxTemporal = 4;

  struct Layer {
    uint8_t stream = 0;  // RTP stream (simulcast encoding)
    uint8_t spatial = 0;
    uint8_t temporal_count = 0;
    std::array<uint32_t, kMaxTemporal> kbps{};  // cumulative over temporal layers
    uint16_t width = 0;                         // 0: not given
    uint16_t height = 0;
    uint8_t max_fps = 0;
  };
  uint8_t stream_index = 0;  // the stream this packet belongs to
  uint8_t stream_count = 0;
  uint8_t layer_count = 0;  // 0: nothing is being sent
  bool has_sizes = false;
  std::array<Layer, kMaxStreams * kMaxSpatial> layers{};
};

std::optional<VideoLayersAllocation> parse_layers_allocation(Bytes extension);

}  // namespace limen
