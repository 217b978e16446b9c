// KeyframeRequester: how often one source is asked for a keyframe.
//
// The first request goes out at once. While an answer may still be under way further ones are held
// back, and dropped if a keyframe comes. A value per incoming SSRC; a shard's thread only. RFC 4585 6.3.
#pragma once
#include "base/time.hpp"

namespace limen::rtc {

class KeyframeRequester {
 public:
  static constexpr Duration kInterval = std::chrono::milliseconds(200);

  // True: send a PLI now.
  bool request(Instant now) {
    if (sent_ && now - sent_at_ < kInterval) {
      waiting_ = true;
      return false;
    }
    return send(now);
  }
  void on_keyframe() { waiting_ = false; }
  // When a request that was held back is due; kNever if there is none.
  Instant deadline() const { return waiting_ ? sent_at_ + kInterval : kNever; }
  bool take_due(Instant now) { return deadline() <= now && send(now); }

 private:
  bool send(Instant now) {
    sent_ = true;
    waiting_ = false;
    sent_at_ = now;
    return true;
  }

  Instant sent_at_{};
  bool sent_ = false;
  bool waiting_ = false;
};

}  // namespace limen::rtc
