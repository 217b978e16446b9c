// RtpPacket: a received packet's bytes (shared) with everything the parser learned, once.
// OutgoingRtp: what one receiver's copy of it is to look like.
//
// RFC 3550 section 5.1. Values: cheap to copy (one reference count), readable on any thread.
#pragma once
#include <array>
#include <cstdint>
#include <string_view>

#include "base/packet.hpp"
#include "wire/codec/codec.hpp"
#include "wire/rtp/header_extensions.hpp"

namespace limen {

// Codec facts of one video packet, from the payload descriptor or the dependency descriptor.
struct VideoFacts {
  bool keyframe = false;  // first packet of a frame that can be decoded alone (or its parameter sets)
  bool start_of_frame = false;
  bool end_of_frame = false;
  bool layer_sync = false;   // VP8 Y bit, VP9 U bit, AV1/DD switching point: may go up to `temporal` here
  bool inter_layer = false;  // VP9 D bit: depends on a lower spatial layer of the same picture
  int8_t spatial = -1;       // -1: the codec (or packet) does not say
  int8_t temporal = -1;
  int8_t descriptor_size = 0;  // bytes of the codec's payload descriptor
  int32_t picture_id = -1;     // VP8/VP9: 7 or 15 bits; -1 absent
  int16_t tl0_picture_index = -1;
  bool wide_picture_id = false;  // 15 bits
};

struct RtpPacket {
  Packet packet;
  uint16_t payload_offset = 0;  // from packet.data()
  uint16_t payload_size = 0;    // without padding
  uint32_t ssrc = 0;
  uint32_t timestamp = 0;
  uint16_t sequence = 0;
  uint8_t payload_type = 0;
  bool marker = false;
  uint8_t mline = 0;      // index of the m-line it arrived on
  uint8_t substream = 0;  // simulcast slot, 0 = lowest quality
  Codec codec = Codec::unknown;
  bool retransmitted = false;  // came by RTX
  ExtensionFacts extensions;
  VideoFacts video;  // only for video codecs

  Bytes payload() const { return packet.bytes().subspan(payload_offset, payload_size); }
  // Views into the packet; empty if the extension is absent.
  std::string_view mid() const { return text(extensions.mid_offset, extensions.mid_size); }
  std::string_view rid() const { return text(extensions.rid_offset, extensions.rid_size); }
  std::string_view repaired_rid() const { return text(extensions.repaired_rid_offset, extensions.repaired_rid_size); }
  Bytes dependency_descriptor() const {
    return packet.bytes().subspan(extensions.dependency_offset, extensions.dependency_size);
  }
  Bytes layers_allocation() const { return packet.bytes().subspan(extensions.layers_offset, extensions.layers_size); }

 private:
  std::string_view text(uint16_t offset, uint8_t size) const { return as_text(packet.bytes().subspan(offset, size)); }
};

// One receiver's rewrite note. The sender builds a new header from it (its own SSRC for the m-line,
// extensions re-created from source->extensions as far as negotiated), copies the payload and
// encrypts. `prefix` replaces the first `prefix_replaced` payload bytes (VP8 picture ids).
struct OutgoingRtp {
  static constexpr uint8_t kMaxPadding = 15;

  const RtpPacket* source = nullptr;  // must live until send() returns
  uint32_t timestamp = 0;
  uint16_t sequence = 0;
  uint8_t payload_type = 0;
  uint8_t mline = 0;  // of the receiving peer
  bool marker = false;
  uint8_t prefix_replaced = 0;
  uint8_t prefix_size = 0;
  std::array<uint8_t, 8> prefix{};
  uint8_t padding = 0;             // bytes to append (RFC 3550 section 5.1), at most kMaxPadding
  int16_t min_playout_delay = -1;  // units of 10 ms; -1: as in the source, if there
  int16_t max_playout_delay = -1;

  // A note that changes nothing but where it goes.
  static OutgoingRtp same_as(const RtpPacket& packet) {
    OutgoingRtp out;
    out.source = &packet;
    out.timestamp = packet.timestamp;
    out.sequence = packet.sequence;
    out.payload_type = packet.payload_type;
    out.mline = packet.mline;
    out.marker = packet.marker;
    return out;
  }
};

// Distance and order of sequence numbers with wrap-around (RFC 3550 appendix A.1).
constexpr int16_t sequence_distance(uint16_t from, uint16_t to) {
  return static_cast<int16_t>(to - from);
}
constexpr bool sequence_newer(uint16_t a, uint16_t than) {
  return sequence_distance(than, a) > 0;
}
constexpr bool timestamp_newer(uint32_t a, uint32_t than) {
  return static_cast<int32_t>(a - than) > 0;
}

}  // namespace limen
