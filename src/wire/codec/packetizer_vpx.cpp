// VP8 and VP9 frames as RTP payloads, with 15-bit picture ids.
#include <algorithm>

#include "wire/codec/bit_reader.hpp"
#include "wire/codec/packetizer.hpp"

namespace limen {

namespace {

// Calls fn(part, first, last) for parts of about the same size.
template <typename Fn>
void in_parts(Bytes frame, size_t room, Fn&& fn) {
  size_t count = (frame.size() + room - 1) / room;
  for (size_t i = 0, at = 0; i < count; ++i) {
    size_t size = (frame.size() - at) / (count - i);
    fn(frame.subspan(at, size), i == 0, i + 1 == count);
    at += size;
  }
}

class Vp8Packetizer final : public Packetizer {
 public:
  explicit Vp8Packetizer(size_t max_payload) : max_(max_payload) {}

  Payloads packetize(Bytes frame) override {
    Payloads out;
    if (frame.empty() || frame.size() > kMaxPicture) return out;
    in_parts(frame, max_ - kDescriptor, [&](Bytes part, bool first, bool) {
      std::vector<uint8_t> payload = {static_cast<uint8_t>(0x80 | (first ? 0x10 : 0)), 0x80,
                                      static_cast<uint8_t>(0x80 | picture_id_ >> 8), static_cast<uint8_t>(picture_id_)};
      payload.insert(payload.end(), part.begin(), part.end());
      out.push_back(std::move(payload));
    });
    picture_id_ = (picture_id_ + 1) & 0x7fff;
    return out;
  }

 private:
  static constexpr size_t kDescriptor = 4;
  size_t max_;
  uint16_t picture_id_ = 1;
};

// The beginning of a VP9 frame's uncompressed header (VP9 bitstream specification 6.2).
bool is_vp9_keyframe(Bytes frame) {
  BitReader bits(frame);
  if (bits.bits(2) != 2) return false;
  uint32_t profile = bits.bits(1);
  profile |= bits.bits(1) << 1;
  if (profile == 3) bits.skip(1);
  if (bits.flag()) return false;  // shows an older frame
  bool key = !bits.flag();
  return key && bits.ok();
}

class Vp9Packetizer final : public Packetizer {
 public:
  explicit Vp9Packetizer(size_t max_payload) : max_(max_payload) {}

  Payloads packetize(Bytes frame) override {
    Payloads out;
    if (frame.empty() || frame.size() > kMaxPicture) return out;
    bool key = is_vp9_keyframe(frame);
    in_parts(frame, max_ - kDescriptor, [&](Bytes part, bool first, bool last) {
      uint8_t bits =
          static_cast<uint8_t>(kHasPictureId | (key ? 0 : kInterPicture) | (first ? kBegins : 0) | (last ? kEnds : 0));
      bool structure = key && first;
      if (structure) bits |= kHasStructure;
      std::vector<uint8_t> payload = {bits, static_cast<uint8_t>(0x80 | picture_id_ >> 8),
                                      static_cast<uint8_t>(picture_id_)};
      if (structure) payload.push_back(0);  // one spatial layer, nothing more is said
      payload.insert(payload.end(), part.begin(), part.end());
      out.push_back(std::move(payload));
    });
    picture_id_ = (picture_id_ + 1) & 0x7fff;
    return out;
  }

 private:
  static constexpr uint8_t kHasPictureId = 0x80, kInterPicture = 0x40, kBegins = 0x08, kEnds = 0x04,
                           kHasStructure = 0x02;
  static constexpr size_t kDescriptor = 4;
  size_t max_;
  uint16_t picture_id_ = 1;
};

}  // namespace

std::unique_ptr<Packetizer> make_vpx_packetizer(Codec codec, size_t max_payload) {
  if (codec == Codec::vp9) return std::make_unique<Vp9Packetizer>(max_payload);
  return std::make_unique<Vp8Packetizer>(max_payload);
}

std::unique_ptr<Packetizer> Packetizer::make(Codec codec, Bytes codec_data, size_t max_payload) {
  max_payload = std::max<size_t>(max_payload, 64);
  switch (codec) {
    case Codec::h264:
    case Codec::h265:
      return make_nal_packetizer(codec, codec_data, max_payload);
    case Codec::vp8:
    case Codec::vp9:
      return make_vpx_packetizer(codec, max_payload);
    case Codec::av1:
      return make_av1_packetizer(max_payload);
    default:
      return nullptr;
  }
}

}  // namespace limen
