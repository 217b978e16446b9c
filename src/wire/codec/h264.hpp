// H.264 payload formats (RFC 6184): single NAL unit, STAP-A, FU-A.
#pragma once
#include <cstdint>
#include <optional>

#include "base/bytes.hpp"
#include "wire/codec/video_facts.hpp"
#include "wire/rtp/rtp_packet.hpp"

namespace limen::h264 {

enum class NalType : uint8_t { slice = 1, idr = 5, sei = 6, sps = 7, pps = 8, stap_a = 24, fu_a = 28 };

// Keyframe: carries an SPS, or starts the first slice of an IDR picture. The end of a frame is the RTP
// marker, not in the payload.
VideoFacts parse(Bytes payload);
// From the SPS in the packet, cropping applied; nothing if there is none.
std::optional<VideoSize> sps_size(Bytes payload);

}  // namespace limen::h264
