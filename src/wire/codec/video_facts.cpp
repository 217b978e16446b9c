#include "wire/codec/video_facts.hpp"

#include "wire/codec/av1.hpp"
#include "wire/codec/h264.hpp"
#include "wire/codec/h265.hpp"
#include "wire/codec/vp8.hpp"
#include "wire/codec/vp9.hpp"

namespace limen {

VideoFacts parse_video_facts(Codec codec, Bytes payload) {
  switch (codec) {
    case Codec::vp8:
      return vp8::parse(payload);
    case Codec::vp9:
      return vp9::parse(payload);
    case Codec::h264:
      return h264::parse(payload);
    case Codec::h265:
      return h265::parse(payload);
    case Codec::av1:
      return av1::parse(payload);
    default:
      return {};
  }
}

}  // namespace limen
