// Opus packets (RFC 6716 section 3) and redundant audio (RFC 2198).
#pragma once
#include <array>
#include <cstdint>
#include <optional>

#include "base/bytes.hpp"

namespace limen::opus {

struct Toc {
  uint32_t frame_us = 0;    // duration of one frame: 2500 ... 60000
  uint8_t frame_count = 0;  // 1..48; all frames together last at most 120 ms
  bool stereo = false;
  uint32_t samples() const { return frame_us * frame_count * 48 / 1000; }
};
// Nothing if empty or longer than 120 ms.
std::optional<Toc> parse_toc(Bytes payload);
// DTX: one or two bytes that carry no audio.
inline bool is_dtx(Bytes payload) {
  return payload.size() <= 2;
}

}  // namespace limen::opus

namespace limen::red {

inline constexpr size_t kMaxBlocks = 16;

struct Block {
  uint8_t payload_type = 0;
  uint16_t timestamp_offset = 0;  // before the packet's timestamp; 0 for the primary
  Bytes data;
};
struct Payload {
  uint8_t count = 0;  // the primary is the last one
  std::array<Block, kMaxBlocks> blocks;
  const Block& primary() const { return blocks[count - 1u]; }
};

// Nothing if malformed or more than kMaxBlocks.
std::optional<Payload> parse(Bytes payload);
// Blocks in order, the primary last. Size; 0 if it does not fit or an offset/size is out of range.
size_t write(const Payload& payload, MutableBytes out);

}  // namespace limen::red
