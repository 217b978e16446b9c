// What the fuzz targets of SCTP's chunk parsers share: whatever is read can be written, and reads the same again.
#pragma once
#include <algorithm>
#include <cstdlib>
#include <vector>

#include "wire/sctp/dcep.hpp"
#include "wire/sctp/packet_reader.hpp"
#include "wire/sctp/packet_writer.hpp"

namespace limen::sctp {

inline void require(bool condition) {
  if (!condition) std::abort();
}

// Writes one chunk and reads it back.
template <typename Add>
RawChunk again(std::vector<uint8_t>& room, Add add) {
  PacketWriter writer(room, 1, 2, 3);
  require(add(writer));
  auto reader = PacketReader::open(writer.finish(false));
  require(reader.has_value());
  auto chunk = reader->next();
  require(chunk.has_value());
  return *chunk;
}

inline void check_data(const RawChunk& chunk, std::vector<uint8_t>& room) {
  auto data = read_data(chunk);
  if (!data) return;
  auto same = read_data(again(room, [&](PacketWriter& writer) { return writer.add(*data); }));
  require(same && same->tsn == data->tsn && same->stream == data->stream && same->message_id == data->message_id &&
          same->fragment == data->fragment && same->ppid == data->ppid && same->begin == data->begin &&
          same->end == data->end && same->unordered == data->unordered &&
          std::ranges::equal(same->payload, data->payload));
}

inline void check_sack(const RawChunk& chunk, std::vector<uint8_t>& room) {
  auto sack = read_sack(chunk);
  if (!sack) return;
  std::vector<GapBlock> gaps;
  for (size_t i = 0; i < sack->gap_count(); ++i) gaps.push_back(sack->gap(i));
  auto same = read_sack(again(room, [&](PacketWriter& writer) {
    return writer.add_sack(sack->cumulative_tsn, sack->receiver_window, gaps, {});
  }));
  require(same && std::ranges::equal(same->gaps, sack->gaps));
}

inline void check_reconfig(const RawChunk& chunk, std::vector<uint8_t>& room) {
  auto reconfig = read_reconfig(chunk);
  if (!reconfig) return;
  auto same = read_reconfig(again(room, [&](PacketWriter& writer) { return writer.add(*reconfig); }));
  require(same && same->first.type == reconfig->first.type && same->second.has_value() == reconfig->second.has_value());
  require(std::ranges::equal(same->first.streams, reconfig->first.streams));
}

inline void check_forward(const RawChunk& chunk, std::vector<uint8_t>& room) {
  auto forward = read_forward_tsn(chunk);
  if (!forward) return;
  std::vector<SkippedStream> streams;
  for (size_t i = 0; i < forward->stream_count(); ++i) streams.push_back(forward->stream(i));
  auto same = read_forward_tsn(again(room, [&](PacketWriter& writer) {
    return writer.add_forward_tsn(forward->interleaved, forward->new_cumulative_tsn, streams);
  }));
  require(same && same->stream_count() == forward->stream_count());
}

inline void check_init(const RawChunk& chunk, std::vector<uint8_t>& room) {
  auto init = read_init(chunk);
  if (!init) return;
  auto same = read_init(again(room, [&](PacketWriter& writer) { return writer.add_init(ChunkType::init_ack, *init); }));
  require(same && same->initiate_tag == init->initiate_tag && same->i_data == init->i_data &&
          std::ranges::equal(same->cookie, init->cookie));
}

// Those that are only looked into.
inline void check_small(const RawChunk& chunk, std::vector<uint8_t>& room) {
  if (auto info = read_heartbeat_info(chunk)) {
    RawChunk same =
        again(room, [&](PacketWriter& writer) { return writer.add_heartbeat(ChunkType::heartbeat, *info); });
    auto read = read_heartbeat_info(same);
    require(read && std::ranges::equal(*read, *info));
  }
  if (auto cause = read_cause(chunk)) {
    RawChunk same = again(room, [&](PacketWriter& writer) {
      return writer.add_cause(ChunkType::error, 0, static_cast<Cause>(cause->code), cause->value);
    });
    auto read = read_cause(same);
    require(read && read->code == cause->code && std::ranges::equal(read->value, cause->value));
  }
  (void)read_shutdown(chunk);
}

inline void check_dcep(Bytes bytes) {
  (void)dcep_type(bytes);
  auto open = read_dcep_open(bytes);
  if (!open) return;
  std::vector<uint8_t> written = write_dcep_open(*open);
  auto same = read_dcep_open(written);
  require(same && same->label == open->label && same->protocol == open->protocol && same->limit == open->limit &&
          same->unordered == open->unordered && same->reliability == open->reliability);
}

// A chunk of the input: type, flags, the rest is its value.
template <typename Check>
int run_on_chunk(const uint8_t* input, size_t size, Check check) {
  static std::vector<uint8_t> room(1 << 18);
  if (size < 2 || size > 60000) return 0;
  check(RawChunk{input[0], input[1], Bytes(input + 2, size - 2)}, room);
  return 0;
}

}  // namespace limen::sctp
