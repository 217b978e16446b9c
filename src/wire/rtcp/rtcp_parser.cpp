#include "wire/rtcp/rtcp_parser.hpp"

#include <algorithm>
#include <optional>

#include "wire/rtcp/transport_feedback.hpp"

namespace limen::rtcp {

namespace {

constexpr size_t kHeaderSize = 4;
constexpr uint32_t kRembName = 0x52454d42;  // "REMB"
constexpr uint8_t kCnameItem = 1;

struct Header {
  uint8_t count = 0;  // or format
  uint8_t type = 0;
};

int32_t signed_24(uint32_t value) {
  return static_cast<int32_t>(value << 8) >> 8;
}

std::vector<ReportBlock> read_blocks(ByteReader& reader, size_t count) {
  std::vector<ReportBlock> blocks(count);
  for (ReportBlock& block : blocks) {
    block.ssrc = reader.u32();
    block.fraction_lost = reader.u8();
    block.packets_lost = signed_24(reader.u24());
    block.highest_sequence = reader.u32();
    block.jitter = reader.u32();
    block.last_sr = reader.u32();
    block.delay_since_last_sr = reader.u32();
  }
  return blocks;
}

std::optional<Message> read_sender_report(uint8_t count, ByteReader reader) {
  SenderReport report;
  report.ssrc = reader.u32();
  report.ntp = reader.u64();
  report.rtp_timestamp = reader.u32();
  report.packet_count = reader.u32();
  report.octet_count = reader.u32();
  report.blocks = read_blocks(reader, count);
  if (!reader.ok()) return std::nullopt;
  return report;
}

std::optional<Message> read_receiver_report(uint8_t count, ByteReader reader) {
  ReceiverReport report;
  report.ssrc = reader.u32();
  report.blocks = read_blocks(reader, count);
  if (!reader.ok()) return std::nullopt;
  return report;
}

// Items up to the null that ends the chunk, then padding to four bytes (RFC 3550 section 6.5).
std::optional<SourceDescription::Chunk> read_chunk(ByteReader& reader) {
  SourceDescription::Chunk chunk;
  chunk.ssrc = reader.u32();
  while (true) {
    uint8_t item = reader.u8();
    if (!reader.ok()) return std::nullopt;
    if (item == 0) break;
    Bytes text = reader.bytes(reader.u8());
    if (item == kCnameItem) chunk.cname = as_text(text);
  }
  // The body starts on a four byte border, so its own offset tells the padding.
  reader.skip(std::min((4 - reader.position() % 4) % 4, reader.remaining()));
  return chunk;
}

std::optional<Message> read_source_description(uint8_t count, ByteReader reader) {
  SourceDescription description;
  for (uint8_t i = 0; i < count; ++i) {
    auto chunk = read_chunk(reader);
    if (!chunk) return std::nullopt;
    description.chunks.push_back(std::move(*chunk));
  }
  return description;
}

std::optional<Message> read_goodbye(uint8_t count, ByteReader reader) {
  Goodbye bye;
  for (uint8_t i = 0; i < count; ++i) bye.ssrcs.push_back(reader.u32());
  if (!reader.ok()) return std::nullopt;
  if (reader.remaining() > 0) bye.reason = as_text(reader.bytes(reader.u8()));
  if (!reader.ok()) return std::nullopt;
  return bye;
}

std::optional<Message> read_application(uint8_t count, ByteReader reader) {
  ApplicationDefined app;
  app.subtype = count;
  app.ssrc = reader.u32();
  std::ranges::copy(as_text(reader.bytes(4)), app.name.begin());
  if (!reader.ok()) return std::nullopt;
  Bytes data = reader.rest();
  app.data.assign(data.begin(), data.end());
  return app;
}

std::optional<Message> read_nack(uint32_t sender, uint32_t media, ByteReader reader) {
  Nack nack{sender, media, {}};
  while (reader.remaining() >= 4) {
    uint16_t first = reader.u16();
    uint16_t following = reader.u16();
    nack.sequences.push_back(first);
    for (int bit = 0; bit < 16; ++bit) {
      if ((following >> bit & 1) != 0) nack.sequences.push_back(static_cast<uint16_t>(first + bit + 1));
    }
  }
  if (nack.sequences.empty()) return std::nullopt;
  return nack;
}

std::optional<Message> read_full_intra_request(uint32_t sender, ByteReader reader) {
  FullIntraRequest fir{sender, {}};
  while (reader.remaining() >= 8) {
    FullIntraRequest::Entry entry;
    entry.ssrc = reader.u32();
    entry.command = reader.u8();
    reader.skip(3);
    fir.entries.push_back(entry);
  }
  if (fir.entries.empty()) return std::nullopt;
  return fir;
}

std::optional<Message> read_application_feedback(uint8_t format, uint32_t sender, ByteReader reader) {
  if (reader.u32() != kRembName) return Unknown{static_cast<uint8_t>(PacketType::payload_feedback), format};
  ReceiverEstimate remb{sender, 0, {}};
  uint8_t count = reader.u8();
  uint32_t packed = reader.u24();
  uint32_t exponent = packed >> 18;
  uint64_t mantissa = packed & 0x3ffff;
  remb.bps = mantissa << exponent;
  if (remb.bps >> exponent != mantissa) return std::nullopt;  // more than 64 bits
  for (uint8_t i = 0; i < count && reader.ok(); ++i) remb.ssrcs.push_back(reader.u32());
  if (!reader.ok()) return std::nullopt;
  return remb;
}

std::optional<Message> read_transport_feedback(uint32_t sender, uint32_t media, ByteReader reader) {
  auto feedback = parse_transport_feedback_body(reader.rest());
  if (!feedback) return std::nullopt;
  feedback->sender_ssrc = sender;
  feedback->media_ssrc = media;
  return std::move(*feedback);
}

std::optional<Message> read_feedback(Header header, ByteReader reader) {
  constexpr uint8_t kNackFormat = 1, kTransportCcFormat = 15;
  constexpr uint8_t kPliFormat = 1, kFirFormat = 4, kApplicationFormat = 15;
  uint32_t sender = reader.u32();
  uint32_t media = reader.u32();
  if (!reader.ok()) return std::nullopt;
  if (header.type == static_cast<uint8_t>(PacketType::transport_feedback)) {
    if (header.count == kNackFormat) return read_nack(sender, media, reader);
    if (header.count == kTransportCcFormat) return read_transport_feedback(sender, media, reader);
  } else {
    if (header.count == kPliFormat) return PictureLoss{sender, media};
    if (header.count == kFirFormat) return read_full_intra_request(sender, reader);
    if (header.count == kApplicationFormat) return read_application_feedback(header.count, sender, reader);
  }
  return Unknown{header.type, header.count};
}

// Blocks other than RRTR and DLRR are stepped over (RFC 3611 section 3).
std::optional<Message> read_extended_report(ByteReader reader) {
  constexpr uint8_t kReceiverReferenceTime = 4, kLastReceived = 5;
  ExtendedReport report;
  report.ssrc = reader.u32();
  while (reader.ok() && reader.remaining() >= 4) {
    uint8_t type = reader.u8();
    reader.skip(1);
    ByteReader block(reader.bytes(reader.u16() * size_t{4}));
    if (type == kReceiverReferenceTime && block.remaining() == 8) report.receiver_ntp = block.u64();
    while (type == kLastReceived && block.remaining() >= 12) {
      uint32_t ssrc = block.u32();
      uint32_t last_rr = block.u32();
      report.last_received.push_back({ssrc, last_rr, block.u32()});
    }
  }
  if (!reader.ok()) return std::nullopt;
  return report;
}

std::optional<Message> read_packet(Header header, Bytes body) {
  ByteReader reader(body);
  switch (static_cast<PacketType>(header.type)) {
    case PacketType::sender_report:
      return read_sender_report(header.count, reader);
    case PacketType::receiver_report:
      return read_receiver_report(header.count, reader);
    case PacketType::source_description:
      return read_source_description(header.count, reader);
    case PacketType::goodbye:
      return read_goodbye(header.count, reader);
    case PacketType::application:
      return read_application(header.count, reader);
    case PacketType::transport_feedback:
    case PacketType::payload_feedback:
      return read_feedback(header, reader);
    case PacketType::extended_report:
      return read_extended_report(reader);
  }
  return Unknown{header.type, header.count};
}

// Takes off the padding that the P bit announces; false if it makes no sense.
bool strip_padding(uint8_t first_byte, Bytes& body) {
  if ((first_byte & 0x20) == 0) return true;
  // Senders of transport-wide feedback pad by less than a word, against RFC 3550: any size is taken.
  if (body.empty() || body.back() == 0 || body.back() > body.size()) return false;
  body = body.first(body.size() - body.back());
  return true;
}

}  // namespace

Compound parse_rtcp(Bytes datagram) {
  Compound compound;
  ByteReader reader(datagram);
  while (reader.remaining() > 0) {
    uint8_t first = reader.u8();
    uint8_t type = reader.u8();
    Bytes body = reader.bytes(reader.u16() * size_t{4});
    if (!reader.ok() || first >> 6 != 2 || compound.messages.size() == kMaxMessages) {
      ++compound.malformed;
      break;
    }
    std::optional<Message> message;
    if (strip_padding(first, body)) message = read_packet({static_cast<uint8_t>(first & 0x1f), type}, body);
    if (message) compound.messages.push_back(std::move(*message));
    else ++compound.malformed;
  }
  return compound;
}

uint32_t peek_sender_ssrc(Bytes datagram) {
  return datagram.size() < kHeaderSize + 4 ? 0 : load_u32(&datagram[kHeaderSize]);
}

}  // namespace limen::rtcp
