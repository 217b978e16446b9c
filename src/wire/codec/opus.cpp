#include "wire/codec/opus.hpp"

#include <algorithm>

namespace limen::opus {

namespace {

constexpr uint32_t kMaxPacketUs = 120'000;

// RFC 6716 table 2: SILK-only, hybrid and CELT-only configurations.
uint32_t frame_duration(unsigned config) {
  constexpr std::array<uint32_t, 4> kSilk = {10'000, 20'000, 40'000, 60'000};
  constexpr std::array<uint32_t, 2> kHybrid = {10'000, 20'000};
  constexpr std::array<uint32_t, 4> kCelt = {2'500, 5'000, 10'000, 20'000};
  if (config < 12) return kSilk[config % 4];
  if (config < 16) return kHybrid[config % 2];
  return kCelt[config % 4];
}

}  // namespace

std::optional<Toc> parse_toc(Bytes payload) {
  ByteReader reader(payload);
  uint8_t toc = reader.u8();
  Toc out;
  out.frame_us = frame_duration(toc >> 3);
  out.stereo = (toc & 4) != 0;
  switch (toc & 3) {
    case 0:
      out.frame_count = 1;
      break;
    case 1:
    case 2:
      out.frame_count = 2;
      break;
    default:
      out.frame_count = reader.u8() & 0x3f;
      break;
  }
  if (!reader.ok() || out.frame_count == 0 || out.frame_us * out.frame_count > kMaxPacketUs) return std::nullopt;
  return out;
}

}  // namespace limen::opus

namespace limen::red {

namespace {

constexpr uint16_t kMaxOffset = 0x3fff;  // 14 bits
constexpr size_t kMaxSize = 0x3ff;       // 10 bits

}  // namespace

std::optional<Payload> parse(Bytes payload) {
  Payload out;
  std::array<uint16_t, kMaxBlocks> sizes{};
  ByteReader reader(payload);
  while (true) {
    if (out.count == kMaxBlocks) return std::nullopt;
    uint8_t head = reader.u8();
    if (!reader.ok()) return std::nullopt;
    Block& block = out.blocks[out.count++];
    block.payload_type = head & 0x7f;
    if ((head & 0x80) == 0) break;
    uint32_t offset_and_size = reader.u24();
    block.timestamp_offset = static_cast<uint16_t>(offset_and_size >> 10);
    sizes[out.count - 1u] = static_cast<uint16_t>(offset_and_size & kMaxSize);
  }
  for (size_t i = 0; i + 1 < out.count; ++i) out.blocks[i].data = reader.bytes(sizes[i]);
  out.blocks[out.count - 1u].data = reader.rest();
  if (!reader.ok()) return std::nullopt;
  return out;
}

size_t write(const Payload& payload, MutableBytes out) {
  if (payload.count == 0 || payload.count > kMaxBlocks) return 0;
  ByteWriter writer(out);
  auto redundant = std::span(payload.blocks).first(payload.count - 1u);
  for (const Block& block : redundant) {
    if (block.timestamp_offset > kMaxOffset || block.data.size() > kMaxSize) return 0;
    writer.u8(static_cast<uint8_t>(block.payload_type | 0x80));
    writer.u24(uint32_t{block.timestamp_offset} << 10 | static_cast<uint32_t>(block.data.size()));
  }
  writer.u8(payload.primary().payload_type & 0x7f);
  for (const Block& block : redundant) writer.bytes(block.data);
  writer.bytes(payload.primary().data);
  return writer.ok() ? writer.size() : 0;
}

}  // namespace limen::red
