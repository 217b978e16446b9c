#include "plugins/streaming/mountpoint_settings.hpp"

#include "media/forward/sdes.hpp"
#include "wire/sdp/offer_answer.hpp"

namespace limen::streaming {

std::string_view type_name(MountpointType type) {
  switch (type) {
    case MountpointType::rtp:
      return "rtp";
    case MountpointType::live:
      return "live";
    case MountpointType::ondemand:
      return "ondemand";
    case MountpointType::rtsp:
      return "rtsp";
    case MountpointType::url:
      return "url";
    case MountpointType::whip:
      return "whip";
  }
  return "";
}

std::string_view type_in_lists(MountpointType type) {
  return type == MountpointType::ondemand ? "on demand" : "live";
}

std::string_view MediumSettings::rtpmap() const {
  return codec == Codec::unknown ? std::string_view() : sdp::default_rtpmap(codec);
}

std::optional<SrtpMaterial> MountpointSettings::srtp() const {
  if (srtp_suite == 0) return std::nullopt;
  auto key = media::srtp_key(srtp_crypto);
  if (!key) return std::nullopt;
  return SrtpMaterial{.suite = srtp_suite, .key = std::move(*key)};
}

}  // namespace limen::streaming
