#include "wire/codec/av1.hpp"

#include "wire/codec/bit_reader.hpp"
#include "wire/codec/leb128.hpp"

namespace limen::av1 {

namespace {

struct Obu {
  ObuType type = ObuType::padding;
  int8_t temporal = -1;
  int8_t spatial = -1;
  Bytes body;
};

// AV1 specification section 5.3.
std::optional<Obu> read_obu(Bytes element) {
  ByteReader reader(element);
  uint8_t header = reader.u8();
  Obu obu;
  obu.type = static_cast<ObuType>(header >> 3 & 0x0f);
  if ((header & 0x04) != 0) {
    uint8_t extension = reader.u8();
    obu.temporal = static_cast<int8_t>(extension >> 5);
    obu.spatial = static_cast<int8_t>(extension >> 3 & 3);
  }
  bool ok = true;
  if ((header & 0x02) != 0) read_leb128(reader, ok);  // its size: to the end anyway, or cut by fragmentation
  if (!ok || !reader.ok() || (header & 0x80) != 0) return std::nullopt;
  obu.body = reader.rest();
  return obu;
}

bool begins_frame(ObuType type) {
  return type == ObuType::temporal_delimiter || type == ObuType::sequence_header || type == ObuType::frame_header ||
         type == ObuType::frame;
}

struct TimingModel {
  bool present = false;
  unsigned delay_bits = 0;
};

TimingModel read_timing(BitReader& bits) {
  TimingModel model;
  if (!bits.flag()) return model;
  bits.skip(64);
  if (bits.flag()) bits.golomb();  // uvlc() is the same code
  model.present = bits.flag();
  if (!model.present) return model;
  model.delay_bits = bits.bits(5) + 1;
  bits.skip(32 + 5 + 5);
  return model;
}

void skip_operating_points(BitReader& bits) {
  TimingModel model = read_timing(bits);
  bool has_display_delay = bits.flag();
  uint32_t count = bits.bits(5) + 1;
  for (uint32_t i = 0; i < count && bits.ok(); ++i) {
    bits.skip(12);
    if (bits.bits(5) > 7) bits.skip(1);
    if (model.present && bits.flag()) bits.skip(model.delay_bits * size_t{2} + 1);
    if (has_display_delay && bits.flag()) bits.skip(4);
  }
}

// AV1 specification section 5.5, up to the sizes.
std::optional<VideoSize> read_sequence_header(Bytes body) {
  BitReader bits(body);
  bits.skip(3 + 1);
  bool reduced_still_picture = bits.flag();
  if (reduced_still_picture) bits.skip(5);
  else skip_operating_points(bits);
  unsigned width_bits = bits.bits(4) + 1;
  unsigned height_bits = bits.bits(4) + 1;
  uint32_t width = bits.bits(width_bits) + 1;
  uint32_t height = bits.bits(height_bits) + 1;
  if (!bits.ok() || width > 0xffff || height > 0xffff) return std::nullopt;
  return VideoSize{static_cast<uint16_t>(width), static_cast<uint16_t>(height)};
}

// Calls fn(obu) for each OBU that begins in this packet until fn returns true.
template <typename Fn>
void for_each_new_obu(const Payload& payload, Fn&& fn) {
  for (size_t i = payload.continues ? 1 : 0; i < payload.element_count; ++i) {
    auto obu = read_obu(payload.elements[i]);
    if (obu && fn(*obu)) return;
  }
}

}  // namespace

std::optional<Payload> parse_payload(Bytes payload) {
  ByteReader reader(payload);
  uint8_t header = reader.u8();
  if (!reader.ok()) return std::nullopt;
  Payload out;
  out.continues = (header & 0x80) != 0;
  out.to_be_continued = (header & 0x40) != 0;
  out.new_sequence = (header & 0x08) != 0;
  if (out.new_sequence && out.continues) return std::nullopt;
  size_t stated_count = header >> 4 & 3;  // 0: every element has its length
  bool ok = true;
  while (reader.remaining() > 0 && out.element_count < kMaxElements) {
    bool last = stated_count != 0 && out.element_count + 1u == stated_count;
    Bytes element = last ? reader.rest() : reader.bytes(read_leb128(reader, ok));
    if (!ok || !reader.ok()) return std::nullopt;
    out.elements[out.element_count++] = element;
  }
  if (stated_count != 0 && out.element_count != stated_count) return std::nullopt;
  return out;
}

VideoFacts parse(Bytes payload) {
  VideoFacts facts;
  auto parsed = parse_payload(payload);
  if (!parsed) return facts;
  facts.descriptor_size = 1;
  facts.keyframe = parsed->new_sequence;
  for_each_new_obu(*parsed, [&facts](const Obu& obu) {
    facts.keyframe = facts.keyframe || obu.type == ObuType::sequence_header;
    facts.start_of_frame = facts.start_of_frame || begins_frame(obu.type);
    if (obu.temporal >= 0) facts.temporal = obu.temporal;
    if (obu.spatial >= 0) facts.spatial = obu.spatial;
    return false;
  });
  return facts;
}

std::optional<VideoSize> sequence_size(Bytes payload) {
  auto parsed = parse_payload(payload);
  if (!parsed) return std::nullopt;
  std::optional<VideoSize> size;
  for_each_new_obu(*parsed, [&size](const Obu& obu) {
    if (obu.type == ObuType::sequence_header) size = read_sequence_header(obu.body);
    return size.has_value();
  });
  return size;
}

}  // namespace limen::av1
