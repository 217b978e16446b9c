#include "wire/rtp/rtp_parser.hpp"

#include <cstring>

namespace limen {

namespace {

constexpr uint16_t kOneByteProfile = 0xbede;
constexpr uint16_t kTwoByteProfile = 0x1000;  // low four bits are the application's

bool is_two_byte(uint16_t profile) {
  return (profile & 0xfff0) == kTwoByteProfile;
}

void read_playout_delay(Bytes value, ExtensionFacts& facts) {
  if (value.size() != 3) return;
  uint32_t both = load_u24(value.data());
  facts.min_playout_delay = static_cast<int16_t>(both >> 12);
  facts.max_playout_delay = static_cast<int16_t>(both & 0xfff);
}

void read_element(ExtensionKind kind, Bytes value, uint16_t offset, ExtensionFacts& facts) {
  auto size = static_cast<uint8_t>(value.size());
  switch (kind) {
    case ExtensionKind::mid:
      facts.mid_offset = offset;
      facts.mid_size = size;
      break;
    case ExtensionKind::rid:
      facts.rid_offset = offset;
      facts.rid_size = size;
      break;
    case ExtensionKind::repaired_rid:
      facts.repaired_rid_offset = offset;
      facts.repaired_rid_size = size;
      break;
    case ExtensionKind::audio_level:
      if (size < 1) break;
      facts.audio_level = value[0] & 0x7f;
      facts.voice_activity = (value[0] & 0x80) != 0;
      break;
    case ExtensionKind::video_orientation:
      if (size >= 1) facts.video_orientation = value[0] & 0x0f;
      break;
    case ExtensionKind::playout_delay:
      read_playout_delay(value, facts);
      break;
    case ExtensionKind::abs_send_time:
      if (size == 3) facts.abs_send_time = static_cast<int32_t>(load_u24(value.data()));
      break;
    case ExtensionKind::transport_cc:
      if (size >= 2) facts.transport_sequence = load_u16(value.data());
      break;
    case ExtensionKind::abs_capture_time:
      if (size < 8) break;  // an 8-byte clock offset may follow
      facts.has_capture_time = true;
      facts.capture_time = load_u64(value.data());
      break;
    case ExtensionKind::dependency_descriptor:
      facts.dependency_offset = offset;
      facts.dependency_size = size;
      break;
    case ExtensionKind::video_layers_allocation:
      facts.layers_offset = offset;
      facts.layers_size = size;
      break;
    case ExtensionKind::toffset:
    case ExtensionKind::count:
      break;
  }
}

struct Element {
  uint8_t id;
  uint8_t size;
  bool last;
};

// One element's header behind the padding bytes; `last` if nothing more can be read (RFC 8285 section 4.2).
Element next_element(ByteReader& reader, bool two_byte) {
  while (reader.remaining() > 0) {
    uint8_t first = reader.u8();
    if (first == 0) continue;
    if (two_byte) return {first, reader.u8(), !reader.ok()};
    auto id = static_cast<uint8_t>(first >> 4);
    return {id, static_cast<uint8_t>((first & 0x0f) + 1), id == 0 || id == 15};
  }
  return {0, 0, true};
}

}  // namespace

std::string_view rtp_error_name(RtpError error) {
  switch (error) {
    case RtpError::too_short:
      return "too short";
    case RtpError::bad_version:
      return "bad version";
    case RtpError::csrc_past_end:
      return "CSRC list past the end";
    case RtpError::extension_past_end:
      return "extension past the end";
    case RtpError::bad_padding:
      return "bad padding";
    case RtpError::count:
      break;
  }
  return "unknown";
}

std::expected<RtpHeader, RtpError> parse_rtp_header(Bytes datagram) {
  if (datagram.size() < kRtpFixedHeader) return std::unexpected(RtpError::too_short);
  if (datagram[0] >> 6 != 2) return std::unexpected(RtpError::bad_version);
  RtpHeader header;
  header.padding = (datagram[0] & 0x20) != 0;
  header.csrc_count = datagram[0] & 0x0f;
  header.marker = (datagram[1] & 0x80) != 0;
  header.payload_type = datagram[1] & 0x7f;
  header.sequence = load_u16(&datagram[2]);
  header.timestamp = load_u32(&datagram[4]);
  header.ssrc = load_u32(&datagram[8]);
  size_t size = kRtpFixedHeader + header.csrc_count * size_t{4};
  if (datagram.size() < size) return std::unexpected(RtpError::csrc_past_end);
  if ((datagram[0] & 0x10) != 0) {
    if (datagram.size() < size + 4) return std::unexpected(RtpError::extension_past_end);
    header.extensions_profile = load_u16(&datagram[size]);
    size_t block = load_u16(&datagram[size + 2]) * size_t{4};
    size += 4;
    if (datagram.size() < size + block || size + block > 0xffff) return std::unexpected(RtpError::extension_past_end);
    header.extensions_offset = static_cast<uint16_t>(size);
    header.extensions_size = static_cast<uint16_t>(block);
    size += block;
  }
  header.size = static_cast<uint16_t>(size);
  return header;
}

ExtensionFacts parse_extensions(Bytes datagram, const RtpHeader& header, const ExtensionMap& map) {
  ExtensionFacts facts;
  bool two_byte = is_two_byte(header.extensions_profile);
  if (header.extensions_size == 0 || (!two_byte && header.extensions_profile != kOneByteProfile)) return facts;
  ByteReader reader(datagram.subspan(header.extensions_offset, header.extensions_size));
  while (true) {
    Element element = next_element(reader, two_byte);
    if (element.last) return facts;
    auto offset = static_cast<uint16_t>(header.extensions_offset + reader.position());
    Bytes value = reader.bytes(element.size);
    if (!reader.ok()) return facts;
    if (auto kind = map.kind(element.id)) read_element(*kind, value, offset, facts);
  }
}

std::expected<RtpPacket, RtpError> parse_rtp(Packet packet, const ExtensionMap& map) {
  Bytes bytes = packet.bytes();
  auto header = parse_rtp_header(bytes);
  if (!header) return std::unexpected(header.error());
  size_t payload = bytes.size() - header->size;
  if (header->padding) {
    size_t padding = bytes.back();
    if (padding == 0 || padding > payload) return std::unexpected(RtpError::bad_padding);
    payload -= padding;
  }
  RtpPacket out;
  out.payload_offset = header->size;
  out.payload_size = static_cast<uint16_t>(payload);
  out.ssrc = header->ssrc;
  out.timestamp = header->timestamp;
  out.sequence = header->sequence;
  out.payload_type = header->payload_type;
  out.marker = header->marker;
  out.extensions = parse_extensions(bytes, *header, map);
  out.packet = std::move(packet);
  return out;
}

bool unwrap_rtx(RtpPacket& packet, uint32_t original_ssrc, uint8_t original_payload_type) {
  constexpr size_t kOriginalSequence = 2;
  if (packet.payload_size < kOriginalSequence) return false;
  MutableBytes bytes = packet.packet.mutable_bytes();
  uint16_t sequence = load_u16(&bytes[packet.payload_offset]);
  std::memmove(&bytes[kOriginalSequence], bytes.data(), packet.payload_offset);
  packet.packet.storage()->begin += kOriginalSequence;

  uint8_t* header = packet.packet.mutable_bytes().data();
  header[1] = static_cast<uint8_t>((header[1] & 0x80) | (original_payload_type & 0x7f));
  store_u16(header + 2, sequence);
  store_u32(header + 8, original_ssrc);
  packet.payload_size = static_cast<uint16_t>(packet.payload_size - kOriginalSequence);
  packet.sequence = sequence;
  packet.ssrc = original_ssrc;
  packet.payload_type = original_payload_type;
  packet.retransmitted = true;
  return true;
}

}  // namespace limen
