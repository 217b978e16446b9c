// The media settings that may change while the server runs, as a Peer takes them.
#pragma once
#include "core/settings.hpp"
#include "rtc/peer/peer_config.hpp"

namespace limen::core {

inline rtc::PeerTuning peer_tuning(const MediaSettings& media) {
  rtc::PeerTuning tuning;
  tuning.min_nack_queue = std::chrono::milliseconds(media.min_nack_queue);
  tuning.no_media_timer = std::chrono::seconds(media.no_media_timer);
  tuning.slowlink_threshold = static_cast<uint32_t>(media.slowlink_threshold);
  tuning.twcc_period = std::chrono::milliseconds(media.twcc_period);
  tuning.nack_optimizations = media.nack_optimizations;
  return tuning;
}

}  // namespace limen::core
