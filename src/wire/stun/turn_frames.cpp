#include "wire/stun/turn_frames.hpp"

#include "wire/stun/channel_data.hpp"
#include "wire/stun/stun_message.hpp"

namespace limen::stun {

TurnFrame next_turn_frame(Bytes stream) {
  using enum TurnFrame::Status;
  if (stream.empty()) return {};
  unsigned kind = stream[0] >> 6;
  if (kind > 1) return {broken, 0, 0};
  if (stream.size() < kChannelHeaderSize) return {};
  size_t length = load_u16(&stream[2]);
  if (kind == 1) {
    size_t size = kChannelHeaderSize + length;
    size_t padded = (size + 3) & ~size_t{3};
    return {stream.size() < padded ? incomplete : complete, size, padded};
  }
  if (length % 4 != 0) return {broken, 0, 0};
  size_t size = kHeaderSize + length;
  if (stream.size() < 8) return {};
  if (load_u32(&stream[4]) != kMagicCookie) return {broken, 0, 0};
  return {stream.size() < size ? incomplete : complete, size, size};
}

}  // namespace limen::stun
