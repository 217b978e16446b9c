// H.265 payload formats (RFC 7798): single NAL unit, aggregation packet, fragmentation unit.
#pragma once
#include <cstdint>
#include <optional>

#include "base/bytes.hpp"
#include "wire/codec/video_facts.hpp"
#include "wire/rtp/rtp_packet.hpp"

namespace limen::h265 {

enum class NalType : uint8_t {
  tsa_n = 2,
  tsa_r = 3,
  stsa_n = 4,
  stsa_r = 5,
  bla_w_lp = 16,
  cra = 21,
  irap_last = 23,
  vps = 32,
  sps = 33,
  pps = 34,
  aggregation = 48,
  fragmentation = 49,
};

// Keyframe: carries a VPS or SPS, or starts an IRAP picture. `temporal` from the NAL header.
VideoFacts parse(Bytes payload);
// From the SPS in the packet, cropping applied; nothing if there is none.
std::optional<VideoSize> sps_size(Bytes payload);

}  // namespace limen::h265
