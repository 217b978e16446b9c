// What a camera says about its media: the SDP of its answer to DESCRIBE (RFC 2326 appendix C, contract section 8).
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "wire/codec/codec.hpp"

namespace limen::streaming {

struct RtspMedium {
  MediaKind kind = MediaKind::audio;
  Codec codec = Codec::unknown;
  uint8_t payload_type = 0;  // as the camera sends it
  std::string fmtp;
  std::string control;
  std::string address;  // of the c= line, without TTL; "" if there is none or it says nothing (0.0.0.0, ::)
  bool multicast = false;
};

// The first usable audio and the first usable video m-line, of those that are wanted: audio first. Fails if there is
// neither, or if the text is no SDP. A medium whose codec browsers can't have is not usable.
Result<std::vector<RtspMedium>> parse_rtsp_description(const std::string& sdp, bool audio, bool video);

}  // namespace limen::streaming
