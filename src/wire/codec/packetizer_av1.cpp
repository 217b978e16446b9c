// AV1 temporal units as RTP payloads: OBUs without their sizes, as many in a packet as fit, the last one in fragments.
#include <algorithm>

#include "wire/codec/av1.hpp"
#include "wire/codec/leb128.hpp"
#include "wire/codec/packetizer.hpp"

namespace limen {

namespace {

constexpr uint8_t kContinues = 0x80, kToBeContinued = 0x40, kNewSequence = 0x08;
constexpr uint8_t kHasExtension = 0x04, kHasSize = 0x02;

size_t leb128_size(size_t value) {
  size_t size = 1;
  while (value >= 0x80) {
    value >>= 7;
    ++size;
  }
  return size;
}

void write_leb128(size_t value, std::vector<uint8_t>& out) {
  for (; value >= 0x80; value >>= 7) out.push_back(static_cast<uint8_t>(value | 0x80));
  out.push_back(static_cast<uint8_t>(value));
}

class Av1Packetizer final : public Packetizer {
 public:
  explicit Av1Packetizer(size_t max_payload) : max_(max_payload) {}

  Payloads packetize(Bytes unit) override {
    Payloads out;
    if (unit.size() > kMaxPicture) return out;
    bool new_sequence = false;
    std::vector<std::vector<uint8_t>> obus = read(unit, new_sequence);
    if (obus.empty()) return out;
    std::vector<uint8_t> packet = {static_cast<uint8_t>(new_sequence ? kNewSequence : 0)};
    size_t elements = 0;
    for (const std::vector<uint8_t>& obu : obus) {
      for (Bytes rest = obu; !rest.empty();) {
        if (elements == av1::kMaxElements || max_ - packet.size() < 8)
          begin_next(packet, elements, rest.size() < obu.size(), out);
        size_t room = max_ - packet.size();
        size_t part = std::min(rest.size(), room - leb128_size(std::min(rest.size(), room)));
        write_leb128(part, packet);
        packet.insert(packet.end(), rest.begin(), rest.begin() + static_cast<ptrdiff_t>(part));
        rest = rest.subspan(part);
        ++elements;
        if (!rest.empty()) begin_next(packet, elements, true, out);
      }
    }
    out.push_back(std::move(packet));
    return out;
  }

 private:
  static void begin_next(std::vector<uint8_t>& packet, size_t& elements, bool inside_obu, Payloads& out) {
    if (inside_obu) packet[0] |= kToBeContinued;
    out.push_back(std::move(packet));
    packet = {static_cast<uint8_t>(inside_obu ? kContinues : 0)};
    elements = 0;
  }

  // Without size fields; temporal delimiters, tile lists and padding are left out (section 5 of the RTP specification).
  static std::vector<std::vector<uint8_t>> read(Bytes unit, bool& new_sequence) {
    constexpr size_t kMaxObus = 256;
    std::vector<std::vector<uint8_t>> obus;
    ByteReader reader(unit);
    while (reader.remaining() > 0 && obus.size() < kMaxObus) {
      uint8_t header = reader.u8();
      uint8_t extension = (header & kHasExtension) != 0 ? reader.u8() : uint8_t{0};
      bool ok = true;
      size_t size = (header & kHasSize) != 0 ? read_leb128(reader, ok) : reader.remaining();
      Bytes body = reader.bytes(size);
      if (!ok || !reader.ok()) break;
      auto type = static_cast<av1::ObuType>(header >> 3 & 15);
      if (type == av1::ObuType::temporal_delimiter || type == av1::ObuType::tile_list ||
          type == av1::ObuType::padding) {
        continue;
      }
      new_sequence = new_sequence || type == av1::ObuType::sequence_header;
      std::vector<uint8_t> obu = {static_cast<uint8_t>(header & ~kHasSize)};
      if ((header & kHasExtension) != 0) obu.push_back(extension);
      obu.insert(obu.end(), body.begin(), body.end());
      obus.push_back(std::move(obu));
    }
    return obus;
  }

  size_t max_;
};

}  // namespace

std::unique_ptr<Packetizer> make_av1_packetizer(size_t max_payload) {
  return std::make_unique<Av1Packetizer>(max_payload);
}

}  // namespace limen
