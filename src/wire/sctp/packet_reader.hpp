// PacketReader: takes an SCTP packet apart, chunk by chunk, without copying or allocating.
//
//   auto packet = PacketReader::open(bytes);
//   while (auto chunk = packet->next()) { ... read_data(*chunk) ... }
//
// Each read_x() checks everything the struct promises; nothing if the chunk is malformed. Any thread.
#pragma once
#include <cstdint>
#include <optional>

#include "base/bytes.hpp"
#include "wire/sctp/chunks.hpp"

namespace limen::sctp {

class PacketReader {
 public:
  // Nothing if it is too short to have a header and a chunk.
  static std::optional<PacketReader> open(Bytes packet);

  const CommonHeader& header() const { return header_; }
  bool checksum_is_right() const;
  // The next chunk; nothing at the end, or where lengths stop making sense (then malformed()).
  std::optional<RawChunk> next();
  bool malformed() const { return malformed_; }

 private:
  explicit PacketReader(Bytes packet) : packet_(packet), rest_(packet.subspan(kCommonHeader)) {}

  Bytes packet_;
  Bytes rest_;
  CommonHeader header_;
  bool malformed_ = false;
};

std::optional<InitChunk> read_init(const RawChunk& chunk);  // INIT and INIT ACK
std::optional<DataChunk> read_data(const RawChunk& chunk);  // DATA and I-DATA
std::optional<SackChunk> read_sack(const RawChunk& chunk);
std::optional<ForwardTsnChunk> read_forward_tsn(const RawChunk& chunk);
std::optional<ReconfigChunk> read_reconfig(const RawChunk& chunk);
// The one parameter of HEARTBEAT and HEARTBEAT ACK.
std::optional<Bytes> read_heartbeat_info(const RawChunk& chunk);
std::optional<uint32_t> read_shutdown(const RawChunk& chunk);  // the cumulative TSN
// The first cause of an ABORT or ERROR chunk, if there is one.
std::optional<ErrorCause> read_cause(const RawChunk& chunk);

}  // namespace limen::sctp
