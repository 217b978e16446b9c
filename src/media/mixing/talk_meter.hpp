// TalkMeter: from the audio levels of a stream to "talks" and "talks no more" (RFC 6464; spec audiobridge 5.4).
//
// A value; any one thread. Packets that are missing count as silence.
#pragma once
#include <algorithm>
#include <cstdint>
#include <optional>

#include "wire/rtp/rtp_packet.hpp"

namespace limen::media {

struct TalkRule {
  uint32_t packets = 100;  // so many decide
  uint32_t average = 25;   // below: talking; 0 loud, 127 silence
  friend bool operator==(const TalkRule&, const TalkRule&) = default;
};

class TalkMeter {
 public:
  static constexpr uint8_t kSilence = 127;
  static constexpr int kMostMissing = 500;  // a larger hole is a new stream

  struct Reading {
    uint32_t average = kSilence;
    bool talking = false;
    bool changed = false;
  };

  void set_rule(TalkRule rule) { rule_ = rule; }
  bool talking() const { return talking_; }
  // A reading each time enough packets have been seen.
  std::optional<Reading> on_packet(uint16_t sequence, uint8_t level) {
    int missing = 0;
    if (known_) {
      int distance = sequence_distance(last_, sequence);
      if (distance <= 0 && distance > -kMostMissing) return std::nullopt;  // late: counted as missing already
      if (distance > 0 && distance <= kMostMissing) missing = distance - 1;
    }
    known_ = true;
    last_ = sequence;
    sum_ += uint64_t{kSilence} * static_cast<uint64_t>(missing) + std::min(level, kSilence);
    count_ += static_cast<uint32_t>(missing) + 1;
    if (count_ < rule_.packets) return std::nullopt;
    Reading out;
    out.average = static_cast<uint32_t>(sum_ / count_);
    out.talking = out.average < rule_.average;
    out.changed = out.talking != talking_;
    talking_ = out.talking;
    sum_ = count_ = 0;
    return out;
  }
  // Nobody listens for a while: what is not counted meanwhile is no silence.
  void pause() { known_ = false; }
  // What was before does not count.
  void reset() {
    known_ = talking_ = false;
    sum_ = count_ = 0;
  }

 private:
  TalkRule rule_;
  bool talking_ = false, known_ = false;
  uint16_t last_ = 0;
  uint64_t sum_ = 0;
  uint32_t count_ = 0;
};

}  // namespace limen::media
