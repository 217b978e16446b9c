#include "wire/sctp/packet_reader.hpp"

#include "wire/sctp/crc32c.hpp"
#include "wire/sctp/parameters.hpp"

#include <algorithm>
#include <array>

namespace limen::sctp {
namespace {

bool is(const RawChunk& chunk, ChunkType type) {
  return chunk.type == static_cast<uint8_t>(type);
}

void read_extension(InitChunk& init, uint8_t type) {
  if (type == static_cast<uint8_t>(ChunkType::re_config)) init.re_config = true;
  if (type == static_cast<uint8_t>(ChunkType::i_data)) init.i_data = true;
  if (type == static_cast<uint8_t>(ChunkType::forward_tsn)) init.forward_tsn = true;
}

// Section 3.2.1: the two highest bits say what to do with what is not known.
enum class Unknown : uint8_t { stop = 0, stop_and_report = 1, skip = 2, skip_and_report = 3 };

// False: stop reading parameters.
bool read_init_parameter(InitChunk& init, const Parameter& parameter) {
  switch (static_cast<ParameterType>(parameter.type)) {
    case ParameterType::state_cookie:
      init.cookie = parameter.value;
      return true;
    case ParameterType::supported_extensions:
      for (uint8_t type : parameter.value) read_extension(init, type);
      return true;
    case ParameterType::forward_tsn_supported:
      init.forward_tsn = true;
      return true;
    case ParameterType::zero_checksum:
      if (parameter.value.size() == 4) init.zero_checksum_method = load_u32(parameter.value.data());
      return true;
    case ParameterType::ipv4_address:
    case ParameterType::ipv6_address:
    case ParameterType::unrecognized:
    case ParameterType::cookie_preservative:
    case ParameterType::supported_addresses:
    case ParameterType::ecn_capable:
      return true;
    default:
      break;
  }
  auto wish = static_cast<Unknown>(parameter.type >> 14);
  bool report = wish == Unknown::stop_and_report || wish == Unknown::skip_and_report;
  if (report && init.unrecognized.empty()) init.unrecognized = parameter.whole;
  return wish == Unknown::skip || wish == Unknown::skip_and_report;
}

std::optional<ReconfigParameter> read_reconfig_parameter(const Parameter& parameter) {
  ByteReader in(parameter.value);
  ReconfigParameter out;
  out.type = static_cast<ReconfigType>(parameter.type);
  out.request_sequence = in.u32();
  switch (out.type) {
    case ReconfigType::outgoing_reset:
      out.response_sequence = in.u32();
      out.last_tsn = in.u32();
      out.streams = in.rest();
      break;
    case ReconfigType::incoming_reset:
      out.streams = in.rest();
      break;
    case ReconfigType::tsn_reset:
      break;
    case ReconfigType::response:
      out.result = static_cast<ReconfigResult>(in.u32());
      break;
    case ReconfigType::add_outgoing:
    case ReconfigType::add_incoming:
      out.new_streams = in.u16();
      in.skip(2);
      break;
    default:
      return std::nullopt;
  }
  if (!in.ok() || out.streams.size() % 2 != 0) return std::nullopt;
  return out;
}

}  // namespace

std::optional<PacketReader> PacketReader::open(Bytes packet) {
  if (packet.size() < kCommonHeader + kChunkHeader) return std::nullopt;
  PacketReader reader(packet);
  ByteReader in(packet);
  reader.header_.source_port = in.u16();
  reader.header_.destination_port = in.u16();
  reader.header_.verification_tag = in.u32();
  reader.header_.checksum = in.u32();
  return reader;
}

bool PacketReader::checksum_is_right() const {
  // The checksum counts as zero, and stands in the packet in the other byte order.
  std::array<uint8_t, 2048> copy;
  if (packet_.size() > copy.size()) return false;
  std::ranges::copy(packet_, copy.begin());
  std::fill_n(copy.begin() + 8, 4, uint8_t{0});
  return __builtin_bswap32(crc32c(Bytes(copy).first(packet_.size()))) == header_.checksum;
}

std::optional<RawChunk> PacketReader::next() {
  if (rest_.empty()) return std::nullopt;
  if (rest_.size() < kChunkHeader) {
    malformed_ = true;
    return std::nullopt;
  }
  size_t length = load_u16(&rest_[2]);
  if (length < kChunkHeader || length > rest_.size()) {
    malformed_ = true;
    return std::nullopt;
  }
  RawChunk chunk{rest_[0], rest_[1], rest_.subspan(kChunkHeader, length - kChunkHeader)};
  // The padding of the last chunk may have been left out.
  rest_ = rest_.subspan(std::min(padded(length), rest_.size()));
  return chunk;
}

std::optional<InitChunk> read_init(const RawChunk& chunk) {
  ByteReader in(chunk.value);
  InitChunk init;
  init.initiate_tag = in.u32();
  init.receiver_window = in.u32();
  init.outbound_streams = in.u16();
  init.inbound_streams = in.u16();
  init.initial_tsn = in.u32();
  if (!in.ok() || init.initiate_tag == 0 || init.outbound_streams == 0 || init.inbound_streams == 0) {
    return std::nullopt;
  }
  ParameterReader parameters(in.rest());
  while (auto parameter = parameters.next()) {
    if (!read_init_parameter(init, *parameter)) break;
  }
  if (parameters.malformed()) return std::nullopt;
  return init;
}

std::optional<DataChunk> read_data(const RawChunk& chunk) {
  ByteReader in(chunk.value);
  DataChunk data;
  data.interleaved = is(chunk, ChunkType::i_data);
  data.immediate = (chunk.flags & 8) != 0;
  data.unordered = (chunk.flags & 4) != 0;
  data.begin = (chunk.flags & 2) != 0;
  data.end = (chunk.flags & 1) != 0;
  data.tsn = in.u32();
  data.stream = in.u16();
  if (data.interleaved) {
    in.skip(2);
    data.message_id = in.u32();
    uint32_t word = in.u32();
    if (data.begin) data.ppid = word;
    else data.fragment = word;
  } else {
    data.message_id = in.u16();
    data.ppid = in.u32();
  }
  data.payload = in.rest();
  if (!in.ok()) return std::nullopt;
  return data;
}

std::optional<SackChunk> read_sack(const RawChunk& chunk) {
  ByteReader in(chunk.value);
  SackChunk sack;
  sack.cumulative_tsn = in.u32();
  sack.receiver_window = in.u32();
  size_t gaps = in.u16();
  size_t duplicates = in.u16();
  sack.gaps = in.bytes(gaps * 4);
  sack.duplicates = in.bytes(duplicates * 4);
  if (!in.ok()) return std::nullopt;
  // Blocks are apart and in order; whoever walks them relies on it.
  uint32_t last = 0;
  for (size_t i = 0; i < sack.gap_count(); ++i) {
    GapBlock block = sack.gap(i);
    if (block.start <= last || block.end < block.start) return std::nullopt;
    last = block.end;
  }
  return sack;
}

SkippedStream ForwardTsnChunk::stream(size_t i) const {
  if (!interleaved) return {load_u16(&streams[4 * i]), false, load_u16(&streams[4 * i + 2])};
  const uint8_t* p = &streams[8 * i];
  return {load_u16(p), (p[3] & 1) != 0, load_u32(p + 4)};
}

std::optional<ForwardTsnChunk> read_forward_tsn(const RawChunk& chunk) {
  ByteReader in(chunk.value);
  ForwardTsnChunk out;
  out.interleaved = is(chunk, ChunkType::i_forward_tsn);
  out.new_cumulative_tsn = in.u32();
  out.streams = in.rest();
  if (!in.ok() || out.streams.size() % (out.interleaved ? 8 : 4) != 0) return std::nullopt;
  return out;
}

std::optional<ReconfigChunk> read_reconfig(const RawChunk& chunk) {
  ParameterReader parameters(chunk.value);
  auto first = parameters.next();
  if (!first) return std::nullopt;
  ReconfigChunk out;
  auto read = read_reconfig_parameter(*first);
  if (!read) return std::nullopt;
  out.first = *read;
  if (auto second = parameters.next()) {
    out.second = read_reconfig_parameter(*second);
    if (!out.second) return std::nullopt;
  }
  if (parameters.malformed()) return std::nullopt;
  return out;
}

std::optional<Bytes> read_heartbeat_info(const RawChunk& chunk) {
  auto parameter = ParameterReader(chunk.value).next();
  if (!parameter || static_cast<ParameterType>(parameter->type) != ParameterType::heartbeat_info) return std::nullopt;
  return parameter->value;
}

std::optional<uint32_t> read_shutdown(const RawChunk& chunk) {
  if (chunk.value.size() != 4) return std::nullopt;
  return load_u32(chunk.value.data());
}

std::optional<ErrorCause> read_cause(const RawChunk& chunk) {
  // Causes have the shape of parameters.
  auto parameter = ParameterReader(chunk.value).next();
  if (!parameter) return std::nullopt;
  return ErrorCause{parameter->type, parameter->value};
}

}  // namespace limen::sctp
