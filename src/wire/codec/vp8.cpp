#include "wire/codec/vp8.hpp"

#include <algorithm>

namespace limen::vp8 {

namespace {

constexpr size_t kKeyframeHeader = 10;  // frame tag, start code, sizes (RFC 6386 section 9.1)

void read_picture_id(ByteReader& reader, Descriptor& descriptor) {
  descriptor.picture_id_offset = static_cast<uint8_t>(reader.position());
  uint8_t first = reader.u8();
  descriptor.wide_picture_id = (first & 0x80) != 0;
  descriptor.picture_id = first & 0x7f;
  if (descriptor.wide_picture_id) descriptor.picture_id = descriptor.picture_id << 8 | reader.u8();
}

bool is_keyframe(const Descriptor& descriptor, Bytes payload) {
  return descriptor.start_of_partition && descriptor.partition == 0 && payload.size() > descriptor.size &&
         (payload[descriptor.size] & 1) == 0;
}

}  // namespace

std::optional<Descriptor> parse_descriptor(Bytes payload) {
  ByteReader reader(payload);
  Descriptor descriptor;
  uint8_t first = reader.u8();
  descriptor.non_reference = (first & 0x20) != 0;
  descriptor.start_of_partition = (first & 0x10) != 0;
  descriptor.partition = first & 0x07;
  uint8_t present = (first & 0x80) != 0 ? reader.u8() : uint8_t{0};
  bool has_temporal = (present & 0x20) != 0;
  bool has_key_index = (present & 0x10) != 0;
  if ((present & 0x80) != 0) read_picture_id(reader, descriptor);
  if ((present & 0x40) != 0) {
    descriptor.tl0_offset = static_cast<uint8_t>(reader.position());
    descriptor.tl0_picture_index = reader.u8();
  }
  if (has_temporal || has_key_index) {
    uint8_t layers = reader.u8();
    if (has_temporal) descriptor.temporal = static_cast<int8_t>(layers >> 6);
    descriptor.layer_sync = has_temporal && (layers & 0x20) != 0;
    if (has_key_index) descriptor.key_index = static_cast<int8_t>(layers & 0x1f);
  }
  if (!reader.ok()) return std::nullopt;
  descriptor.size = static_cast<uint8_t>(reader.position());
  return descriptor;
}

VideoFacts parse(Bytes payload) {
  VideoFacts facts;
  auto descriptor = parse_descriptor(payload);
  if (!descriptor) return facts;
  facts.start_of_frame = descriptor->start_of_partition && descriptor->partition == 0;
  facts.keyframe = is_keyframe(*descriptor, payload);
  facts.layer_sync = descriptor->layer_sync;
  facts.temporal = descriptor->temporal;
  facts.descriptor_size = static_cast<int8_t>(descriptor->size);
  facts.picture_id = descriptor->picture_id;
  facts.tl0_picture_index = descriptor->tl0_picture_index;
  facts.wide_picture_id = descriptor->wide_picture_id;
  return facts;
}

std::optional<VideoSize> keyframe_size(Bytes payload) {
  auto descriptor = parse_descriptor(payload);
  if (!descriptor || !is_keyframe(*descriptor, payload)) return std::nullopt;
  Bytes frame = payload.subspan(descriptor->size);
  if (frame.size() < kKeyframeHeader || load_u24(&frame[3]) != 0x9d012a) return std::nullopt;
  // Little endian; the two top bits are a scaling hint.
  auto width = static_cast<uint16_t>((frame[7] << 8 | frame[6]) & 0x3fff);
  auto height = static_cast<uint16_t>((frame[9] << 8 | frame[8]) & 0x3fff);
  return VideoSize{width, height};
}

bool rewrite_descriptor(OutgoingRtp& out, uint16_t picture_id, uint8_t tl0_picture_index) {
  if (out.source == nullptr) return false;
  Bytes payload = out.source->payload();
  auto descriptor = parse_descriptor(payload);
  if (!descriptor || descriptor->size > out.prefix.size()) return false;
  std::ranges::copy(payload.first(descriptor->size), out.prefix.begin());
  out.prefix_replaced = descriptor->size;
  out.prefix_size = descriptor->size;
  if (descriptor->picture_id_offset != 0) {
    uint8_t* at = &out.prefix[descriptor->picture_id_offset];
    if (descriptor->wide_picture_id) store_u16(at, static_cast<uint16_t>(picture_id | 0x8000));
    else *at = picture_id & 0x7f;
  }
  if (descriptor->tl0_offset != 0) out.prefix[descriptor->tl0_offset] = tl0_picture_index;
  return true;
}

}  // namespace limen::vp8
