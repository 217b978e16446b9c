// H.264 and H.265 pictures as RTP payloads: small units together, large ones in fragments.
#include <algorithm>

#include "wire/codec/h264.hpp"
#include "wire/codec/h265.hpp"
#include "wire/codec/nal_units.hpp"
#include "wire/codec/packetizer.hpp"

namespace limen {

namespace {

// What differs between the two codecs.
struct H264Format {
  static constexpr size_t kHeader = 1;
  static uint8_t type(Bytes unit) { return unit[0] & 0x1f; }
  static bool is_parameter(uint8_t type) {
    return type == static_cast<uint8_t>(h264::NalType::sps) || type == static_cast<uint8_t>(h264::NalType::pps);
  }
  static bool starts_with_parameters(uint8_t type) { return type == static_cast<uint8_t>(h264::NalType::sps); }
  static bool is_key(uint8_t type) { return type == static_cast<uint8_t>(h264::NalType::idr); }
  // Delimiters, ends of sequence and stream, filler: of no use in RTP.
  static bool is_noise(uint8_t type) { return type == 0 || (type >= 9 && type <= 12) || type >= 24; }
  // The most important unit says how important the packet is.
  static void aggregation_header(const std::vector<Bytes>& units, std::vector<uint8_t>& out) {
    uint8_t importance = 0;
    for (Bytes unit : units) importance = std::max<uint8_t>(importance, unit[0] & 0x60);
    out.push_back(importance | static_cast<uint8_t>(h264::NalType::stap_a));
  }
  static void fragment_header(Bytes unit, bool first, bool last, std::vector<uint8_t>& out) {
    out.push_back((unit[0] & 0xe0) | static_cast<uint8_t>(h264::NalType::fu_a));
    out.push_back(static_cast<uint8_t>((first ? 0x80 : 0) | (last ? 0x40 : 0) | type(unit)));
  }
  static DecoderSetup setup(Bytes data) { return read_h264_setup(data); }
};

struct H265Format {
  static constexpr size_t kHeader = 2;
  static uint8_t type(Bytes unit) { return unit[0] >> 1 & 0x3f; }
  static bool is_parameter(uint8_t type) {
    return type >= static_cast<uint8_t>(h265::NalType::vps) && type <= static_cast<uint8_t>(h265::NalType::pps);
  }
  static bool starts_with_parameters(uint8_t type) { return type == static_cast<uint8_t>(h265::NalType::sps); }
  static bool is_key(uint8_t type) {
    return type >= static_cast<uint8_t>(h265::NalType::bla_w_lp) &&
           type <= static_cast<uint8_t>(h265::NalType::irap_last);
  }
  static bool is_noise(uint8_t type) { return (type >= 35 && type <= 38) || type >= 48; }
  // Lowest layer and temporal ids of the units.
  static void aggregation_header(const std::vector<Bytes>& units, std::vector<uint8_t>& out) {
    uint16_t ids = 0x1ff;
    for (Bytes unit : units) ids = std::min<uint16_t>(ids, load_u16(unit.data()) & 0x1ff);
    out.push_back(static_cast<uint8_t>(static_cast<uint8_t>(h265::NalType::aggregation) << 1 | ids >> 8));
    out.push_back(static_cast<uint8_t>(ids));
  }
  static void fragment_header(Bytes unit, bool first, bool last, std::vector<uint8_t>& out) {
    out.push_back((unit[0] & 0x81) | static_cast<uint8_t>(h265::NalType::fragmentation) << 1);
    out.push_back(unit[1]);
    out.push_back(static_cast<uint8_t>((first ? 0x80 : 0) | (last ? 0x40 : 0) | type(unit)));
  }
  static DecoderSetup setup(Bytes data) { return read_h265_setup(data); }
};

template <typename Format>
class NalPacketizer final : public Packetizer {
 public:
  NalPacketizer(Bytes codec_data, size_t max_payload) : setup_(Format::setup(codec_data)), max_(max_payload) {}

  Payloads packetize(Bytes picture) override {
    Payloads out;
    if (picture.size() > kMaxPicture) return out;
    std::vector<Bytes> together;
    size_t size = Format::kHeader;
    for (Bytes unit : units_of(picture)) {
      if (unit.size() > max_) {
        close(together, size, out);
        fragment(unit, out);
        continue;
      }
      if (size + 2 + unit.size() > max_) close(together, size, out);
      together.push_back(unit);
      size += 2 + unit.size();
    }
    close(together, size, out);
    return out;
  }

 private:
  std::vector<Bytes> units_of(Bytes picture) const {
    std::vector<Bytes> units =
        setup_.length_size == 0 ? split_annex_b(picture) : split_length_prefixed(picture, setup_.length_size);
    std::erase_if(units,
                  [](Bytes unit) { return unit.size() < Format::kHeader || Format::is_noise(Format::type(unit)); });
    bool key = std::ranges::any_of(units, [](Bytes unit) { return Format::is_key(Format::type(unit)); });
    bool complete =
        std::ranges::any_of(units, [](Bytes unit) { return Format::starts_with_parameters(Format::type(unit)); });
    if (key && !complete) {
      std::erase_if(units, [](Bytes unit) { return Format::is_parameter(Format::type(unit)); });
      std::vector<Bytes> parameters;
      for (const auto& set : setup_.parameters) {
        if (set.size() >= Format::kHeader) parameters.emplace_back(set);
      }
      units.insert(units.begin(), parameters.begin(), parameters.end());
    }
    return units;
  }

  void close(std::vector<Bytes>& together, size_t& size, Payloads& out) const {
    if (together.size() == 1) out.emplace_back(together[0].begin(), together[0].end());
    if (together.size() > 1) {
      std::vector<uint8_t> payload;
      Format::aggregation_header(together, payload);
      for (Bytes unit : together) {
        payload.push_back(static_cast<uint8_t>(unit.size() >> 8));
        payload.push_back(static_cast<uint8_t>(unit.size()));
        payload.insert(payload.end(), unit.begin(), unit.end());
      }
      out.push_back(std::move(payload));
    }
    together.clear();
    size = Format::kHeader;
  }

  // Of about the same size each.
  void fragment(Bytes unit, Payloads& out) const {
    Bytes body = unit.subspan(Format::kHeader);
    size_t room = max_ - Format::kHeader - 1;
    size_t count = (body.size() + room - 1) / room;
    for (size_t i = 0, at = 0; i < count; ++i) {
      size_t size = (body.size() - at) / (count - i);
      std::vector<uint8_t> payload;
      Format::fragment_header(unit, i == 0, i + 1 == count, payload);
      payload.insert(payload.end(), body.begin() + static_cast<ptrdiff_t>(at),
                     body.begin() + static_cast<ptrdiff_t>(at + size));
      at += size;
      out.push_back(std::move(payload));
    }
  }

  DecoderSetup setup_;
  size_t max_;
};

}  // namespace

std::unique_ptr<Packetizer> make_nal_packetizer(Codec codec, Bytes codec_data, size_t max_payload) {
  if (codec == Codec::h265) return std::make_unique<NalPacketizer<H265Format>>(codec_data, max_payload);
  return std::make_unique<NalPacketizer<H264Format>>(codec_data, max_payload);
}

}  // namespace limen
