// TalkDetector: from the levels of an audio stream to "talks" and "talks no more" (contract, 10.6).
//
// A value; any one thread.
#pragma once
#include <cstdint>
#include <optional>

namespace limen::videoroom {

struct TalkRule {
  uint32_t packets = 100;  // so many decide
  uint32_t average = 25;   // below: talking; 0 loud, 127 silence
  friend bool operator==(const TalkRule&, const TalkRule&) = default;
};

class TalkDetector {
 public:
  struct Change {
    bool talking = false;
    double average = 127;
  };

  void set_rule(TalkRule rule) { rule_ = rule; }
  // The level of one packet; something only if the state is another one after it.
  std::optional<Change> on_level(uint8_t level) {
    sum_ += level;
    if (++count_ < rule_.packets) return std::nullopt;
    double average = static_cast<double>(sum_) / count_;
    sum_ = 0;
    count_ = 0;
    bool talking = average < rule_.average;
    if (talking == talking_) return std::nullopt;
    talking_ = talking;
    return Change{talking, average};
  }

 private:
  TalkRule rule_;
  bool talking_ = false;
  uint64_t sum_ = 0;
  uint32_t count_ = 0;
};

}  // namespace limen::videoroom
