// What the routing of one video packet needs to know, read from its payload descriptor.
//
// Hostile input: a payload that makes no sense gives facts that say nothing. AV1's layers are in the
// dependency descriptor (dependency_descriptor.hpp), not in the payload.
#pragma once
#include "base/bytes.hpp"
#include "wire/codec/codec.hpp"
#include "wire/rtp/rtp_packet.hpp"

namespace limen {

// Codecs without a payload parser (audio) give the defaults.
VideoFacts parse_video_facts(Codec codec, Bytes payload);

struct VideoSize {
  uint16_t width = 0;
  uint16_t height = 0;
  friend bool operator==(const VideoSize&, const VideoSize&) = default;
};

}  // namespace limen
