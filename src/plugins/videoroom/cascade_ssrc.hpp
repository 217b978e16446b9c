// How two servers tell the streams of a cascaded publisher apart on one port (contract, section 7): the SSRC
// says the m-line and the simulcast layer.
//
// Pure functions, any thread.
#pragma once
#include <cstdint>
#include <optional>

namespace limen::videoroom {

inline constexpr uint32_t kCascadeSsrc = 1000;  // of the first m-line's lowest layer
inline constexpr uint32_t kSsrcsPerMline = 10;
inline constexpr uint32_t kMaxSubstream = 2;

struct CascadeSlot {
  int mindex = 0;
  uint8_t substream = 0;
  friend bool operator==(const CascadeSlot&, const CascadeSlot&) = default;
};

constexpr uint32_t cascade_ssrc(int mindex, uint8_t substream) {
  return kCascadeSsrc + kSsrcsPerMline * static_cast<uint32_t>(mindex) + substream;
}

// Nothing for an SSRC that means no stream.
constexpr std::optional<CascadeSlot> cascade_slot(uint32_t ssrc) {
  if (ssrc < kCascadeSsrc) return std::nullopt;
  uint32_t mindex = (ssrc - kCascadeSsrc) / kSsrcsPerMline;
  uint32_t substream = (ssrc - kCascadeSsrc) % kSsrcsPerMline;
  if (mindex > UINT8_MAX || substream > kMaxSubstream) return std::nullopt;
  return CascadeSlot{static_cast<int>(mindex), static_cast<uint8_t>(substream)};
}

}  // namespace limen::videoroom
