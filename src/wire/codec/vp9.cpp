#include "wire/codec/vp9.hpp"

namespace limen::vp9 {

namespace {

void read_picture_id(ByteReader& reader, Descriptor& descriptor) {
  uint8_t first = reader.u8();
  descriptor.wide_picture_id = (first & 0x80) != 0;
  descriptor.picture_id = first & 0x7f;
  if (descriptor.wide_picture_id) descriptor.picture_id = descriptor.picture_id << 8 | reader.u8();
}

void read_layers(ByteReader& reader, Descriptor& descriptor) {
  uint8_t layers = reader.u8();
  descriptor.temporal = static_cast<int8_t>(layers >> 5);
  descriptor.switching_up = (layers & 0x10) != 0;
  descriptor.spatial = static_cast<int8_t>(layers >> 1 & 7);
  descriptor.inter_layer = (layers & 1) != 0;
  if (!descriptor.flexible) descriptor.tl0_picture_index = reader.u8();
}

// At most three, each saying whether another follows; false if the third says so too.
bool read_references(ByteReader& reader, Descriptor& descriptor) {
  for (uint8_t& difference : descriptor.reference_differences) {
    uint8_t raw = reader.u8();
    difference = raw >> 1;
    ++descriptor.reference_count;
    if ((raw & 1) == 0) return true;
  }
  return false;
}

void read_structure(ByteReader& reader, Descriptor& descriptor) {
  uint8_t head = reader.u8();
  descriptor.has_structure = true;
  descriptor.spatial_layers = static_cast<uint8_t>((head >> 5) + 1);
  if ((head & 0x10) != 0) {
    for (size_t i = 0; i < descriptor.spatial_layers; ++i) {
      descriptor.sizes[i].width = reader.u16();
      descriptor.sizes[i].height = reader.u16();
    }
  }
  if ((head & 0x08) == 0) return;
  descriptor.pictures_in_group = reader.u8();
  for (size_t i = 0; i < descriptor.pictures_in_group && reader.ok(); ++i) reader.skip(reader.u8() >> 2 & 3);
}

}  // namespace

std::optional<Descriptor> parse_descriptor(Bytes payload) {
  ByteReader reader(payload);
  Descriptor descriptor;
  uint8_t flags = reader.u8();
  bool has_picture_id = (flags & 0x80) != 0;
  bool has_layers = (flags & 0x20) != 0;
  descriptor.inter_picture = (flags & 0x40) != 0;
  descriptor.flexible = (flags & 0x10) != 0;
  descriptor.start_of_layer_frame = (flags & 0x08) != 0;
  descriptor.end_of_layer_frame = (flags & 0x04) != 0;
  descriptor.not_upper_reference = (flags & 0x01) != 0;
  if (has_picture_id) read_picture_id(reader, descriptor);
  if (has_layers) read_layers(reader, descriptor);
  if (descriptor.flexible && descriptor.inter_picture && !read_references(reader, descriptor)) return std::nullopt;
  if ((flags & 0x02) != 0) read_structure(reader, descriptor);
  if (!reader.ok() || reader.position() > 127) return std::nullopt;
  descriptor.size = static_cast<uint8_t>(reader.position());
  return descriptor;
}

VideoFacts parse(Bytes payload) {
  VideoFacts facts;
  auto descriptor = parse_descriptor(payload);
  if (!descriptor) return facts;
  // Only the lowest spatial layer of a key picture can be decoded alone; those above need it.
  facts.keyframe = !descriptor->inter_picture && descriptor->start_of_layer_frame && !descriptor->inter_layer &&
                   descriptor->spatial <= 0;
  facts.start_of_frame = descriptor->start_of_layer_frame;
  facts.end_of_frame = descriptor->end_of_layer_frame;
  facts.layer_sync = descriptor->switching_up;
  facts.inter_layer = descriptor->inter_layer;
  facts.spatial = descriptor->spatial;
  facts.temporal = descriptor->temporal;
  facts.descriptor_size = static_cast<int8_t>(descriptor->size);
  facts.picture_id = descriptor->picture_id;
  facts.tl0_picture_index = descriptor->tl0_picture_index;
  facts.wide_picture_id = descriptor->wide_picture_id;
  return facts;
}

std::optional<VideoSize> keyframe_size(Bytes payload) {
  auto descriptor = parse_descriptor(payload);
  if (!descriptor || !descriptor->has_structure) return std::nullopt;
  VideoSize largest = descriptor->sizes[descriptor->spatial_layers - 1u];
  if (largest.width == 0 || largest.height == 0) return std::nullopt;
  return largest;
}

}  // namespace limen::vp9
