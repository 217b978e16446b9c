#include "wire/codec/h264.hpp"

#include "wire/codec/bit_reader.hpp"
#include "wire/codec/nal_bytes.hpp"

namespace limen::h264 {

namespace {

NalType type_of(uint8_t header) {
  return static_cast<NalType>(header & 0x1f);
}

// A coded slice's first field is first_mb_in_slice, as Exp-Golomb: the top bit means zero, so that this
// is the picture's first slice. Later slices are no place to begin.
bool is_slice(NalType type) {
  return type >= NalType::slice && type <= NalType::idr;
}

bool starts_picture(NalType type, Bytes body) {
  return !is_slice(type) || (!body.empty() && (body[0] & 0x80) != 0);
}

bool starts_keyframe(NalType type, Bytes body) {
  return type == NalType::sps || (type == NalType::idr && starts_picture(type, body));
}

// `body` begins behind the NAL header.
void note_unit(NalType type, Bytes body, VideoFacts& facts) {
  facts.start_of_frame = facts.start_of_frame || starts_picture(type, body);
  facts.keyframe = facts.keyframe || starts_keyframe(type, body);
}

// Calls fn(nal unit) for each unit of a STAP-A until one does not fit or fn returns true.
template <typename Fn>
void for_each_aggregated(Bytes payload, Fn&& fn) {
  ByteReader reader(payload.subspan(1));
  while (reader.remaining() > 2) {
    Bytes unit = reader.bytes(reader.u16());
    if (!reader.ok() || (!unit.empty() && fn(unit))) return;
  }
}

// Scaling matrices carry nothing of interest, but must be read to get behind them.
void skip_scaling_lists(BitReader& bits, uint32_t chroma_format) {
  int lists = chroma_format == 3 ? 12 : 8;
  for (int i = 0; i < lists; ++i) {
    if (!bits.flag()) continue;
    int entries = i < 6 ? 16 : 64;
    int32_t last = 8, next = 8;
    for (int j = 0; j < entries && bits.ok(); ++j) {
      if (next != 0) next = (last + (bits.signed_golomb() & 0xff) + 256) & 0xff;
      if (next != 0) last = next;
    }
  }
}

bool has_chroma_format(uint32_t profile) {
  switch (profile) {
    case 100:
    case 110:
    case 122:
    case 244:
    case 44:
    case 83:
    case 86:
    case 118:
    case 128:
    case 138:
    case 139:
    case 134:
    case 135:
      return true;
    default:
      return false;
  }
}

void skip_picture_order(BitReader& bits) {
  uint32_t type = bits.golomb();
  if (type == 0) bits.golomb();
  if (type != 1) return;
  bits.skip(1);
  bits.signed_golomb();
  bits.signed_golomb();
  uint32_t cycle = bits.golomb();
  for (uint32_t i = 0; i < cycle && i < 256 && bits.ok(); ++i) bits.signed_golomb();
}

// ITU-T H.264 section 7.3.2.1.1.
std::optional<VideoSize> read_sps(Bytes unit) {
  UnescapedNal unescaped(unit.subspan(1));
  BitReader bits(unescaped.bytes());
  uint32_t profile = bits.bits(8);
  bits.skip(16);
  bits.golomb();
  uint32_t chroma_format = 1;
  if (has_chroma_format(profile)) {
    chroma_format = bits.golomb();
    if (chroma_format == 3) bits.skip(1);
    bits.golomb();
    bits.golomb();
    bits.skip(1);
    if (bits.flag()) skip_scaling_lists(bits, chroma_format);
  }
  bits.golomb();
  skip_picture_order(bits);
  bits.golomb();
  bits.skip(1);
  uint64_t width = (uint64_t{bits.golomb()} + 1) * 16;
  uint64_t height_units = uint64_t{bits.golomb()} + 1;
  bool frames_only = bits.flag();
  uint64_t height = height_units * 16 * (frames_only ? 1 : 2);
  if (!frames_only) bits.skip(1);
  bits.skip(1);
  if (bits.flag()) {
    uint64_t unit_x = chroma_format == 1 || chroma_format == 2 ? 2 : 1;
    uint64_t unit_y = (chroma_format == 1 ? 2u : 1u) * (frames_only ? 1u : 2u);
    uint64_t crop_x = (uint64_t{bits.golomb()} + bits.golomb()) * unit_x;
    uint64_t crop_y = (uint64_t{bits.golomb()} + bits.golomb()) * unit_y;
    if (crop_x >= width || crop_y >= height) return std::nullopt;
    width -= crop_x;
    height -= crop_y;
  }
  if (!bits.ok() || width > 0xffff || height > 0xffff) return std::nullopt;
  return VideoSize{static_cast<uint16_t>(width), static_cast<uint16_t>(height)};
}

}  // namespace

VideoFacts parse(Bytes payload) {
  VideoFacts facts;
  if (payload.empty()) return facts;
  NalType type = type_of(payload[0]);
  if (type == NalType::stap_a) {
    for_each_aggregated(payload, [&facts](Bytes unit) {
      note_unit(type_of(unit[0]), unit.subspan(1), facts);
      return false;
    });
  } else if (type == NalType::fu_a) {
    bool start = payload.size() >= 2 && (payload[1] & 0x80) != 0;
    if (start) note_unit(type_of(payload[1]), payload.subspan(2), facts);
  } else {
    note_unit(type, payload.subspan(1), facts);
  }
  return facts;
}

std::optional<VideoSize> sps_size(Bytes payload) {
  if (payload.empty()) return std::nullopt;
  if (type_of(payload[0]) == NalType::sps) return read_sps(payload);
  std::optional<VideoSize> size;
  if (type_of(payload[0]) == NalType::stap_a) {
    for_each_aggregated(payload, [&size](Bytes unit) {
      if (type_of(unit[0]) == NalType::sps) size = read_sps(unit);
      return size.has_value();
    });
  }
  return size;
}

}  // namespace limen::h264
