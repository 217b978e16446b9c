#include "wire/rtp/rtp_writer.hpp"

#include <algorithm>

#include "wire/rtp/rtp_parser.hpp"

namespace limen {

namespace {

constexpr uint16_t kOneByteProfile = 0xbede;
constexpr uint16_t kTwoByteProfile = 0x1000;
constexpr size_t kOneByteMaxSize = 16;
constexpr uint8_t kOneByteMaxId = 14;

struct Identity {
  uint32_t ssrc;
  uint16_t sequence;
  uint8_t payload_type;
};

// Writes the extension block behind the fixed header; nothing at all if no element is wanted.
class ExtensionWriter {
 public:
  ExtensionWriter(const OutgoingRtp& rtp, const RtpSenderValues& values, const ExtensionMap& map, ByteWriter& out)
      : rtp_(rtp), source_(*rtp.source), values_(values), map_(map), out_(out), two_byte_(needs_two_byte_form()) {}

  bool write(WrittenRtp& written) {
    size_t start = out_.size();
    out_.u16(two_byte_ ? kTwoByteProfile : kOneByteProfile);
    out_.u16(0);
    write_sender_values(written);
    write_source_facts();
    size_t size = out_.size() - start - 4;
    if (size == 0) return false;
    size_t padding = (4 - size % 4) % 4;
    out_.zeros(padding);
    out_.patch_u16(start + 2, static_cast<uint16_t>((size + padding) / 4));
    return true;
  }

 private:
  bool needs_two_byte_form() const {
    auto too_long = [this](ExtensionKind kind, size_t size) { return map_.has(kind) && size > kOneByteMaxSize; };
    if (too_long(ExtensionKind::dependency_descriptor, source_.extensions.dependency_size) ||
        too_long(ExtensionKind::video_layers_allocation, source_.extensions.layers_size) ||
        too_long(ExtensionKind::mid, values_.mid.size())) {
      return true;
    }
    for (size_t i = 0; i < kExtensionKinds; ++i) {
      if (map_.id(static_cast<ExtensionKind>(i)) > kOneByteMaxId) return true;
    }
    return false;
  }

  // Writes the element's header if it is negotiated; returns where its value begins, 0 if not.
  uint16_t begin(ExtensionKind kind, size_t size) {
    uint8_t id = map_.id(kind);
    if (id == 0) return 0;
    if (two_byte_) {
      out_.u8(id);
      out_.u8(static_cast<uint8_t>(size));
    } else {
      out_.u8(static_cast<uint8_t>(id << 4 | (size - 1)));
    }
    return static_cast<uint16_t>(out_.size());
  }

  void write_bytes(ExtensionKind kind, Bytes value) {
    if (!value.empty() && value.size() <= 255 && begin(kind, value.size()) != 0) out_.bytes(value);
  }

  void write_sender_values(WrittenRtp& written) {
    write_bytes(ExtensionKind::mid, as_bytes(values_.mid));
    if (values_.transport_sequence >= 0) {
      written.transport_sequence_offset = begin(ExtensionKind::transport_cc, 2);
      if (written.transport_sequence_offset != 0) out_.u16(static_cast<uint16_t>(values_.transport_sequence));
    }
    if (values_.abs_send_time >= 0) {
      written.abs_send_time_offset = begin(ExtensionKind::abs_send_time, 3);
      if (written.abs_send_time_offset != 0) out_.u24(static_cast<uint32_t>(values_.abs_send_time));
    }
  }

  void write_source_facts() {
    const ExtensionFacts& facts = source_.extensions;
    if (facts.audio_level >= 0 && begin(ExtensionKind::audio_level, 1) != 0) {
      out_.u8(static_cast<uint8_t>((facts.voice_activity ? 0x80 : 0) | (facts.audio_level & 0x7f)));
    }
    if (facts.video_orientation >= 0 && begin(ExtensionKind::video_orientation, 1) != 0) {
      out_.u8(static_cast<uint8_t>(facts.video_orientation));
    }
    write_playout_delay();
    if (facts.has_capture_time && begin(ExtensionKind::abs_capture_time, 8) != 0) out_.u64(facts.capture_time);
    write_bytes(ExtensionKind::dependency_descriptor, source_.dependency_descriptor());
    write_bytes(ExtensionKind::video_layers_allocation, source_.layers_allocation());
  }

  void write_playout_delay() {
    bool own = rtp_.min_playout_delay >= 0 && rtp_.max_playout_delay >= 0;
    int low = own ? rtp_.min_playout_delay : source_.extensions.min_playout_delay;
    int high = own ? rtp_.max_playout_delay : source_.extensions.max_playout_delay;
    if (low < 0 || high < 0 || begin(ExtensionKind::playout_delay, 3) == 0) return;
    out_.u24(static_cast<uint32_t>(low & 0xfff) << 12 | static_cast<uint32_t>(high & 0xfff));
  }

  const OutgoingRtp& rtp_;
  const RtpPacket& source_;
  const RtpSenderValues& values_;
  const ExtensionMap& map_;
  ByteWriter& out_;
  bool two_byte_;
};

WrittenRtp write_header(const OutgoingRtp& rtp, const Identity& identity, const RtpSenderValues& values,
                        const ExtensionMap& map, MutableBytes out) {
  WrittenRtp written;
  if (out.size() < kRtpFixedHeader) return written;
  out[0] = 0x80;
  out[1] = static_cast<uint8_t>((rtp.marker ? 0x80 : 0) | (identity.payload_type & 0x7f));
  store_u16(&out[2], identity.sequence);
  store_u32(&out[4], rtp.timestamp);
  store_u32(&out[8], identity.ssrc);
  written.header_size = kRtpFixedHeader;
  if (map != ExtensionMap{}) {
    ByteWriter extensions(out.subspan(kRtpFixedHeader));
    WrittenRtp at;
    bool any = ExtensionWriter(rtp, values, map, extensions).write(at);
    if (!extensions.ok()) return {};
    if (any) {
      out[0] |= 0x10;
      written.header_size = static_cast<uint16_t>(kRtpFixedHeader + extensions.size());
      auto shifted = [](uint16_t offset) { return static_cast<uint16_t>(offset == 0 ? 0 : offset + kRtpFixedHeader); };
      written.transport_sequence_offset = shifted(at.transport_sequence_offset);
      written.abs_send_time_offset = shifted(at.abs_send_time_offset);
    }
  }
  written.size = written.header_size;
  return written;
}

// Appends the payload, its first bytes replaced and padding added as the note says.
WrittenRtp append_payload(const OutgoingRtp& rtp, WrittenRtp written, MutableBytes out) {
  Bytes payload = rtp.source->payload();
  if (rtp.prefix_replaced > payload.size() || rtp.prefix_size > rtp.prefix.size()) return {};
  ByteWriter writer(out.subspan(written.size));
  writer.bytes(Bytes(rtp.prefix).first(rtp.prefix_size));
  writer.bytes(payload.subspan(rtp.prefix_replaced));
  if (rtp.padding > 0) {
    writer.zeros(rtp.padding - size_t{1});
    writer.u8(rtp.padding);
    out[0] |= 0x20;
  }
  if (!writer.ok() || written.size + writer.size() > 0xffff) return {};
  written.size = static_cast<uint16_t>(written.size + writer.size());
  return written;
}

}  // namespace

WrittenRtp write_rtp_header(const OutgoingRtp& rtp, const RtpSenderValues& values, const ExtensionMap& map,
                            MutableBytes out) {
  return write_header(rtp, {values.ssrc, rtp.sequence, rtp.payload_type}, values, map, out);
}

WrittenRtp write_rtp(const OutgoingRtp& rtp, const RtpSenderValues& values, const ExtensionMap& map, MutableBytes out) {
  WrittenRtp written = write_rtp_header(rtp, values, map, out);
  return written ? append_payload(rtp, written, out) : written;
}

WrittenRtp write_rtx(const OutgoingRtp& rtp, const RtxValues& rtx, const RtpSenderValues& values,
                     const ExtensionMap& map, MutableBytes out) {
  WrittenRtp written = write_header(rtp, {rtx.ssrc, rtx.sequence, rtx.payload_type}, values, map, out);
  if (!written || out.size() < written.size + size_t{2}) return {};
  store_u16(&out[written.size], rtp.sequence);
  written.size = static_cast<uint16_t>(written.size + 2);
  return append_payload(rtp, written, out);
}

size_t wrap_rtx(Bytes rtp, const RtxValues& rtx, MutableBytes out) {
  auto header = parse_rtp_header(rtp);
  if (!header) return 0;
  ByteWriter writer(out);
  writer.bytes(rtp.first(header->size));
  writer.u16(header->sequence);
  writer.bytes(rtp.subspan(header->size));
  if (!writer.ok()) return 0;
  out[1] = static_cast<uint8_t>((out[1] & 0x80) | (rtx.payload_type & 0x7f));
  store_u16(&out[2], rtx.sequence);
  store_u32(&out[8], rtx.ssrc);
  return writer.size();
}

}  // namespace limen
