// NAL units out of encoded H.264 and H.265 pictures: Annex B byte streams and the length-prefixed form of MP4 and FLV,
// with the parameter sets that a decoder needs (ISO/IEC 14496-15: avcC, hvcC).
//
// Hostile input: what runs past the end is left out. Views point into what was given.
#pragma once
#include <cstdint>
#include <vector>

#include "base/bytes.hpp"

namespace limen {

// Bounds of one picture: units beyond are left out.
inline constexpr size_t kMaxNalUnits = 1024;

// Units between start codes (00 00 01), without trailing zeros.
std::vector<Bytes> split_annex_b(Bytes stream);
// Units behind big-endian lengths of `length_size` (1..4) bytes.
std::vector<Bytes> split_length_prefixed(Bytes stream, size_t length_size);

// What a container says once about its video stream.
struct DecoderSetup {
  size_t length_size = 0;                        // 0: pictures are Annex B
  std::vector<std::vector<uint8_t>> parameters;  // H.264: SPS, PPS; H.265: VPS, SPS, PPS; in this order
};
// From the container's codec data: avcC, Annex B, or nothing.
DecoderSetup read_h264_setup(Bytes codec_data);
// hvcC, Annex B, or nothing.
DecoderSetup read_h265_setup(Bytes codec_data);

}  // namespace limen
