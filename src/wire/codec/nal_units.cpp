#include "wire/codec/nal_units.hpp"

#include <algorithm>

#include "wire/codec/h264.hpp"
#include "wire/codec/h265.hpp"

namespace limen {

namespace {

constexpr size_t kMaxParameters = 64;

// Position of the next 00 00 01 at or behind `from`; the end if there is none.
size_t find_start_code(Bytes stream, size_t from) {
  for (size_t i = from; i + 3 <= stream.size(); ++i) {
    if (stream[i] == 0 && stream[i + 1] == 0 && stream[i + 2] == 1) return i;
  }
  return stream.size();
}

void keep(DecoderSetup& setup, Bytes unit) {
  if (!unit.empty() && setup.parameters.size() < kMaxParameters) {
    setup.parameters.emplace_back(unit.begin(), unit.end());
  }
}

// `count` units behind 16-bit lengths.
void read_sets(ByteReader& reader, size_t count, DecoderSetup& setup) {
  for (size_t i = 0; i < count && reader.ok(); ++i) {
    Bytes unit = reader.bytes(reader.u16());
    if (reader.ok()) keep(setup, unit);
  }
}

}  // namespace

std::vector<Bytes> split_annex_b(Bytes stream) {
  std::vector<Bytes> units;
  size_t at = find_start_code(stream, 0);
  while (at < stream.size() && units.size() < kMaxNalUnits) {
    size_t begin = at + 3;
    size_t end = find_start_code(stream, begin);
    at = end;
    while (end > begin && stream[end - 1] == 0) --end;
    if (end > begin) units.push_back(stream.subspan(begin, end - begin));
  }
  return units;
}

std::vector<Bytes> split_length_prefixed(Bytes stream, size_t length_size) {
  std::vector<Bytes> units;
  ByteReader reader(stream);
  while (reader.remaining() > length_size && units.size() < kMaxNalUnits) {
    size_t size = 0;
    for (size_t i = 0; i < length_size; ++i) size = size << 8 | reader.u8();
    Bytes unit = reader.bytes(size);
    if (!reader.ok()) break;
    if (!unit.empty()) units.push_back(unit);
  }
  return units;
}

DecoderSetup read_h264_setup(Bytes data) {
  DecoderSetup setup;
  if (data.size() < 7 || data[0] != 1) {
    for (Bytes unit : split_annex_b(data)) {
      auto type = static_cast<h264::NalType>(unit[0] & 0x1f);
      if (type == h264::NalType::sps || type == h264::NalType::pps) keep(setup, unit);
    }
    return setup;
  }
  setup.length_size = (data[4] & 3u) + 1;
  ByteReader reader(data.subspan(5));
  read_sets(reader, reader.u8() & 0x1fu, setup);
  read_sets(reader, reader.u8(), setup);
  return setup;
}

DecoderSetup read_h265_setup(Bytes data) {
  constexpr size_t kFixedPart = 21;
  DecoderSetup setup;
  if (data.size() <= kFixedPart + 1 || data[0] != 1) {
    for (Bytes unit : split_annex_b(data)) {
      auto type = static_cast<h265::NalType>(unit[0] >> 1 & 0x3f);
      if (type >= h265::NalType::vps && type <= h265::NalType::pps) keep(setup, unit);
    }
    return setup;
  }
  setup.length_size = (data[kFixedPart] & 3u) + 1;
  ByteReader reader(data.subspan(kFixedPart + 1));
  size_t arrays = reader.u8();
  for (size_t i = 0; i < arrays && reader.ok(); ++i) {
    auto type = static_cast<h265::NalType>(reader.u8() & 0x3f);
    size_t count = reader.u16();
    DecoderSetup other;
    bool wanted = type >= h265::NalType::vps && type <= h265::NalType::pps;
    read_sets(reader, count, wanted ? setup : other);
  }
  return setup;
}

}  // namespace limen
