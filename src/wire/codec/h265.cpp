#include "wire/codec/h265.hpp"

#include "wire/codec/bit_reader.hpp"
#include "wire/codec/nal_bytes.hpp"

namespace limen::h265 {

namespace {

constexpr size_t kNalHeader = 2;

NalType type_of(uint8_t first_header_byte) {
  return static_cast<NalType>(first_header_byte >> 1 & 0x3f);
}

bool is_irap(NalType type) {
  return type >= NalType::bla_w_lp && type <= NalType::irap_last;
}

// The first bit of a slice segment is first_slice_segment_in_pic_flag; types below VPS are slices.
bool starts_picture(NalType type, Bytes body) {
  return type >= NalType::vps || (!body.empty() && (body[0] & 0x80) != 0);
}

bool starts_keyframe(NalType type, Bytes body) {
  return type == NalType::vps || type == NalType::sps || (is_irap(type) && starts_picture(type, body));
}

// Temporal sub-layer switching points: TSA and STSA pictures.
bool is_switching_point(NalType type) {
  return type >= NalType::tsa_n && type <= NalType::stsa_r;
}

// `body` begins behind the NAL header.
void note_unit(NalType type, Bytes body, VideoFacts& facts) {
  facts.start_of_frame = facts.start_of_frame || starts_picture(type, body);
  facts.keyframe = facts.keyframe || starts_keyframe(type, body);
  facts.layer_sync = facts.layer_sync || is_switching_point(type);
}

template <typename Fn>
void for_each_aggregated(Bytes payload, Fn&& fn) {
  ByteReader reader(payload.subspan(kNalHeader));
  while (reader.remaining() > 2) {
    Bytes unit = reader.bytes(reader.u16());
    if (!reader.ok() || (unit.size() >= kNalHeader && fn(unit))) return;
  }
}

// ITU-T H.265 section 7.3.3: general profile (88 bits), level, then the sub-layers' own.
void skip_profile_tier_level(BitReader& bits, uint32_t max_sub_layers_minus1) {
  bits.skip(88 + 8);
  std::array<bool, 8> has_profile{}, has_level{};
  for (uint32_t i = 0; i < max_sub_layers_minus1; ++i) {
    has_profile[i] = bits.flag();
    has_level[i] = bits.flag();
  }
  if (max_sub_layers_minus1 > 0) bits.skip((8 - max_sub_layers_minus1) * size_t{2});
  for (uint32_t i = 0; i < max_sub_layers_minus1; ++i) {
    if (has_profile[i]) bits.skip(88);
    if (has_level[i]) bits.skip(8);
  }
}

// ITU-T H.265 section 7.3.2.2.1.
std::optional<VideoSize> read_sps(Bytes unit) {
  UnescapedNal unescaped(unit.subspan(kNalHeader));
  BitReader bits(unescaped.bytes());
  bits.skip(4);
  uint32_t max_sub_layers_minus1 = bits.bits(3);
  bits.skip(1);
  skip_profile_tier_level(bits, max_sub_layers_minus1);
  bits.golomb();
  uint32_t chroma_format = bits.golomb();
  if (chroma_format == 3) bits.skip(1);
  uint64_t width = bits.golomb();
  uint64_t height = bits.golomb();
  if (bits.flag()) {
    uint64_t unit_x = chroma_format == 1 || chroma_format == 2 ? 2 : 1;
    uint64_t unit_y = chroma_format == 1 ? 2 : 1;
    uint64_t crop_x = (uint64_t{bits.golomb()} + bits.golomb()) * unit_x;
    uint64_t crop_y = (uint64_t{bits.golomb()} + bits.golomb()) * unit_y;
    if (crop_x >= width || crop_y >= height) return std::nullopt;
    width -= crop_x;
    height -= crop_y;
  }
  if (!bits.ok() || width == 0 || height == 0 || width > 0xffff || height > 0xffff) return std::nullopt;
  return VideoSize{static_cast<uint16_t>(width), static_cast<uint16_t>(height)};
}

}  // namespace

VideoFacts parse(Bytes payload) {
  VideoFacts facts;
  if (payload.size() < kNalHeader) return facts;
  NalType type = type_of(payload[0]);
  if (uint8_t id = payload[1] & 7; id > 0) facts.temporal = static_cast<int8_t>(id - 1);
  if (type == NalType::aggregation) {
    for_each_aggregated(payload, [&facts](Bytes unit) {
      note_unit(type_of(unit[0]), unit.subspan(kNalHeader), facts);
      return false;
    });
  } else if (type == NalType::fragmentation) {
    bool start = payload.size() > kNalHeader && (payload[kNalHeader] & 0x80) != 0;
    if (start) note_unit(static_cast<NalType>(payload[kNalHeader] & 0x3f), payload.subspan(kNalHeader + 1), facts);
  } else {
    note_unit(type, payload.subspan(kNalHeader), facts);
  }
  return facts;
}

std::optional<VideoSize> sps_size(Bytes payload) {
  if (payload.size() < kNalHeader) return std::nullopt;
  if (type_of(payload[0]) == NalType::sps) return read_sps(payload);
  std::optional<VideoSize> size;
  if (type_of(payload[0]) == NalType::aggregation) {
    for_each_aggregated(payload, [&size](Bytes unit) {
      if (type_of(unit[0]) == NalType::sps) size = read_sps(unit);
      return size.has_value();
    });
  }
  return size;
}

}  // namespace limen::h265
