#include "wire/sctp/packet_writer.hpp"

#include <array>

#include "wire/sctp/crc32c.hpp"
#include "wire/sctp/parameters.hpp"

namespace limen::sctp {

// One chunk being written into the room that is left.
class PacketWriter::Chunk {
 public:
  Chunk(PacketWriter& packet, ChunkType type, uint8_t flags)
      : packet_(packet), out(packet.bytes_.subspan(packet.size_)) {
    out.u8(static_cast<uint8_t>(type));
    out.u8(flags);
    out.u16(0);
  }

  size_t begin_parameter(uint16_t type) {
    out.zeros(padded(out.size()) - out.size());
    out.u16(type);
    out.u16(0);
    return out.size();
  }
  void end_parameter(size_t begun) {
    if (out.ok()) out.patch_u16(begun - 2, static_cast<uint16_t>(out.size() - begun + 4));
  }
  void parameter(ParameterType type, Bytes value) {
    size_t begun = begin_parameter(static_cast<uint16_t>(type));
    out.bytes(value);
    end_parameter(begun);
  }

  bool finish() {
    if (!out.ok() || out.size() > 0xffff) return false;
    out.patch_u16(2, static_cast<uint16_t>(out.size()));
    out.zeros(padded(out.size()) - out.size());
    if (!out.ok()) return false;
    packet_.size_ += out.size();
    return true;
  }

 private:
  PacketWriter& packet_;

 public:
  ByteWriter out;
};

PacketWriter::PacketWriter(MutableBytes room, uint16_t source_port, uint16_t destination_port,
                           uint32_t verification_tag)
    : bytes_(room) {
  ByteWriter header(bytes_);
  header.u16(source_port);
  header.u16(destination_port);
  header.u32(verification_tag);
  header.u32(0);
}

bool PacketWriter::add_init(ChunkType type, const InitChunk& init) {
  Chunk chunk(*this, type, 0);
  chunk.out.u32(init.initiate_tag);
  chunk.out.u32(init.receiver_window);
  chunk.out.u16(init.outbound_streams);
  chunk.out.u16(init.inbound_streams);
  chunk.out.u32(init.initial_tsn);
  if (!init.cookie.empty()) chunk.parameter(ParameterType::state_cookie, init.cookie);
  std::array<uint8_t, 4> extensions;
  size_t count = 0;
  if (init.re_config) extensions[count++] = static_cast<uint8_t>(ChunkType::re_config);
  if (init.forward_tsn) extensions[count++] = static_cast<uint8_t>(ChunkType::forward_tsn);
  if (init.i_data) {
    extensions[count++] = static_cast<uint8_t>(ChunkType::i_data);
    extensions[count++] = static_cast<uint8_t>(ChunkType::i_forward_tsn);
  }
  if (count > 0) chunk.parameter(ParameterType::supported_extensions, Bytes(extensions).first(count));
  if (init.forward_tsn) chunk.parameter(ParameterType::forward_tsn_supported, {});
  if (init.zero_checksum_method != 0) {
    std::array<uint8_t, 4> method;
    store_u32(method.data(), init.zero_checksum_method);
    chunk.parameter(ParameterType::zero_checksum, method);
  }
  if (!init.unrecognized.empty()) chunk.parameter(ParameterType::unrecognized, init.unrecognized);
  return chunk.finish();
}

bool PacketWriter::add(const DataChunk& data) {
  auto flags = static_cast<uint8_t>((data.immediate ? 8 : 0) | (data.unordered ? 4 : 0) | (data.begin ? 2 : 0) |
                                    (data.end ? 1 : 0));
  Chunk chunk(*this, data.interleaved ? ChunkType::i_data : ChunkType::data, flags);
  chunk.out.u32(data.tsn);
  chunk.out.u16(data.stream);
  if (data.interleaved) {
    chunk.out.u16(0);
    chunk.out.u32(data.message_id);
    chunk.out.u32(data.begin ? data.ppid : data.fragment);
  } else {
    chunk.out.u16(static_cast<uint16_t>(data.message_id));
    chunk.out.u32(data.ppid);
  }
  chunk.out.bytes(data.payload);
  return chunk.finish();
}

bool PacketWriter::add_sack(uint32_t cumulative_tsn, uint32_t window, std::span<const GapBlock> gaps,
                            std::span<const uint32_t> duplicates) {
  Chunk chunk(*this, ChunkType::sack, 0);
  chunk.out.u32(cumulative_tsn);
  chunk.out.u32(window);
  chunk.out.u16(static_cast<uint16_t>(gaps.size()));
  chunk.out.u16(static_cast<uint16_t>(duplicates.size()));
  for (const GapBlock& gap : gaps) {
    chunk.out.u16(gap.start);
    chunk.out.u16(gap.end);
  }
  for (uint32_t tsn : duplicates) chunk.out.u32(tsn);
  return chunk.finish();
}

bool PacketWriter::add_forward_tsn(bool interleaved, uint32_t new_cumulative_tsn,
                                   std::span<const SkippedStream> streams) {
  Chunk chunk(*this, interleaved ? ChunkType::i_forward_tsn : ChunkType::forward_tsn, 0);
  chunk.out.u32(new_cumulative_tsn);
  for (const SkippedStream& skipped : streams) {
    chunk.out.u16(skipped.stream);
    if (interleaved) {
      chunk.out.u16(skipped.unordered ? 1 : 0);
      chunk.out.u32(skipped.message_id);
    } else {
      chunk.out.u16(static_cast<uint16_t>(skipped.message_id));
    }
  }
  return chunk.finish();
}

bool PacketWriter::add(const ReconfigChunk& reconfig) {
  Chunk chunk(*this, ChunkType::re_config, 0);
  auto write = [&chunk](const ReconfigParameter& parameter) {
    size_t begun = chunk.begin_parameter(static_cast<uint16_t>(parameter.type));
    chunk.out.u32(parameter.request_sequence);
    switch (parameter.type) {
      case ReconfigType::outgoing_reset:
        chunk.out.u32(parameter.response_sequence);
        chunk.out.u32(parameter.last_tsn);
        chunk.out.bytes(parameter.streams);
        break;
      case ReconfigType::incoming_reset:
        chunk.out.bytes(parameter.streams);
        break;
      case ReconfigType::tsn_reset:
        break;
      case ReconfigType::response:
        chunk.out.u32(static_cast<uint32_t>(parameter.result));
        break;
      case ReconfigType::add_outgoing:
      case ReconfigType::add_incoming:
        chunk.out.u16(parameter.new_streams);
        chunk.out.u16(0);
        break;
    }
    chunk.end_parameter(begun);
  };
  write(reconfig.first);
  if (reconfig.second) write(*reconfig.second);
  return chunk.finish();
}

bool PacketWriter::add_heartbeat(ChunkType type, Bytes info) {
  Chunk chunk(*this, type, 0);
  chunk.parameter(ParameterType::heartbeat_info, info);
  return chunk.finish();
}

bool PacketWriter::add_cause(ChunkType type, uint8_t flags, Cause cause, Bytes value) {
  Chunk chunk(*this, type, flags);
  size_t begun = chunk.begin_parameter(static_cast<uint16_t>(cause));
  chunk.out.bytes(value);
  chunk.end_parameter(begun);
  return chunk.finish();
}

bool PacketWriter::add_raw(ChunkType type, uint8_t flags, Bytes value) {
  Chunk chunk(*this, type, flags);
  chunk.out.bytes(value);
  return chunk.finish();
}

Bytes PacketWriter::finish(bool checksum) {
  Bytes packet = Bytes(bytes_).first(size_);
  store_u32(&bytes_[8], 0);
  if (checksum) store_u32(&bytes_[8], __builtin_bswap32(crc32c(packet)));
  return packet;
}

}  // namespace limen::sctp
