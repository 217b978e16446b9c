// PortPairs: which even port a plain RTP stream tries next; its RTCP takes the odd one above it.
//
// One for all shards of a plugin; any thread.
#pragma once
#include <cstdint>
#include <mutex>

namespace limen::media {

class PortPairs {
 public:
  // Inclusive; min below max. An odd min is rounded up.
  PortPairs(uint16_t min, uint16_t max)
      : min_(static_cast<uint16_t>(min + (min & 1))), max_(max), next_(static_cast<uint16_t>(min + (min & 1))) {}

  // How many pairs there are: so many tries see each once.
  uint32_t count() const { return max_ > min_ ? (uint32_t{max_} - min_ + 1) / 2 : 0; }
  uint16_t next() {
    std::lock_guard lock(mutex_);
    uint16_t port = next_;
    uint32_t following = uint32_t{port} + 2;
    next_ = following + 1 > max_ ? min_ : static_cast<uint16_t>(following);
    return port;
  }

 private:
  const uint16_t min_, max_;
  std::mutex mutex_;  // guards next_
  uint16_t next_;
};

}  // namespace limen::media
