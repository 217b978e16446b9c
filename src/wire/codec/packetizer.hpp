// From encoded pictures to RTP payloads: the writing side of the payload formats whose reading side is beside it.
//
// H.264 (RFC 6184, packetization mode 1), H.265 (RFC 7798), VP8 (RFC 7741), VP9 (RFC 9628, non-flexible mode, one
// layer), AV1 (AOMedia RTP specification 1.0). One object per stream and thread; nothing is kept of the pictures.
#pragma once
#include <cstdint>
#include <memory>
#include <vector>

#include "base/bytes.hpp"
#include "wire/codec/codec.hpp"

namespace limen {

class Packetizer {
 public:
  // Fits into an Ethernet frame with everything that WebRTC puts around it.
  static constexpr size_t kDefaultPayload = 1180;
  // Pictures larger than this are dropped.
  static constexpr size_t kMaxPicture = 16 * 1024 * 1024;

  using Payloads = std::vector<std::vector<uint8_t>>;

  virtual ~Packetizer() = default;
  // One whole picture (access unit, frame, temporal unit) as payloads of at most `max_payload` bytes; the last one is
  // to have the RTP marker. Empty if there is nothing in it that could be sent.
  virtual Payloads packetize(Bytes picture) = 0;

  // `codec_data`: what the container says about the stream (H.264, H.265: parameter sets, which are put in front of key
  // frames that come without). Null for codecs that have no packetizer.
  static std::unique_ptr<Packetizer> make(Codec codec, Bytes codec_data, size_t max_payload = kDefaultPayload);
};

// In three files by kinds of codecs; make() joins them.
std::unique_ptr<Packetizer> make_nal_packetizer(Codec codec, Bytes codec_data, size_t max_payload);
std::unique_ptr<Packetizer> make_vpx_packetizer(Codec codec, size_t max_payload);
std::unique_ptr<Packetizer> make_av1_packetizer(size_t max_payload);

}  // namespace limen
