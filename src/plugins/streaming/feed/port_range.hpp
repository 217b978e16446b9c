// PortRange: where the UDP ports of mountpoints come from that ask for "any" (contract, 7.1).
//
// Even ones: an encoder sends its RTCP to the odd port above, asked for or not (RFC 3550 section 11), and what stands
// there must not be another medium, which would take reports for messages.
// Shared by the control thread and the shards that open sockets: any thread. Only proposes: whoever asks tries to bind.
#pragma once
#include <atomic>
#include <cstdint>
#include <optional>
#include <string_view>

namespace limen::streaming {

class PortRange {
 public:
  // Swapped if inverted; the lower end is rounded up to an even number; 0 as upper end: 65535.
  PortRange(uint16_t low, uint16_t high);
  // "10000-60000"; nothing if it is not a range.
  static std::optional<std::pair<uint16_t, uint16_t>> parse(std::string_view text);

  // The next one, round and round.
  uint16_t next();
  uint32_t size() const { return static_cast<uint32_t>(high_ - low_) / 2 + 1; }
  uint16_t low() const { return low_; }
  uint16_t high() const { return high_; }

 private:
  uint16_t low_, high_;
  std::atomic<uint32_t> position_{0};
};

}  // namespace limen::streaming
