// PacketWriter: puts chunks into one SCTP packet; what does not fit leaves no trace.
//
//   PacketWriter out(room, 5000, 5000, tag);
//   if (!out.add(sack)) ...;
//   Bytes packet = out.finish(true);
//
// Any thread.
#pragma once
#include <cstdint>
#include <span>

#include "base/bytes.hpp"
#include "wire/sctp/chunks.hpp"

namespace limen::sctp {

class PacketWriter {
 public:
  PacketWriter(MutableBytes room, uint16_t source_port, uint16_t destination_port, uint32_t verification_tag);

  // All return false, and write nothing, if the chunk does not fit.
  bool add_init(ChunkType type, const InitChunk& init);
  bool add(const DataChunk& data);
  bool add_sack(uint32_t cumulative_tsn, uint32_t window, std::span<const GapBlock> gaps,
                std::span<const uint32_t> duplicates);
  bool add_forward_tsn(bool interleaved, uint32_t new_cumulative_tsn, std::span<const SkippedStream> streams);
  bool add(const ReconfigChunk& reconfig);
  bool add_heartbeat(ChunkType type, Bytes info);
  bool add_cause(ChunkType type, uint8_t flags, Cause cause, Bytes value);  // ABORT, ERROR
  bool add_raw(ChunkType type, uint8_t flags, Bytes value);

  bool empty() const { return size_ == kCommonHeader; }
  size_t room() const { return bytes_.size() - size_; }
  // With zero instead of a checksum where the peer accepts that (RFC 9653).
  Bytes finish(bool checksum);

 private:
  class Chunk;

  MutableBytes bytes_;
  size_t size_ = kCommonHeader;
};

}  // namespace limen::sctp
