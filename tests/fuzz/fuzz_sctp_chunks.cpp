// rooms: wire
// SCTP packets and DCEP messages: whatever is read can be written, and reads the same again.
#include <algorithm>
#include <array>
#include <cstdlib>
#include <vector>

#include "wire/sctp/crc32c.hpp"
#include "wire/sctp/dcep.hpp"
#include "wire/sctp/packet_reader.hpp"
#include "wire/sctp/packet_writer.hpp"

using namespace limen;
using namespace limen::sctp;

namespace {

void require(bool condition) {
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

void check_data(const RawChunk& chunk, std::vector<uint8_t>& room) {
  auto data = read_data(chunk);
  if (!data) return;
  auto same = read_data(again(room, [&](PacketWriter& writer) { return writer.add(*data); }));
  require(same && same->tsn == data->tsn && same->stream == data->stream && same->message_id == data->message_id &&
          same->fragment == data->fragment && same->ppid == data->ppid && same->begin == data->begin &&
          same->end == data->end && same->unordered == data->unordered &&
          std::ranges::equal(same->payload, data->payload));
}

void check_sack(const RawChunk& chunk, std::vector<uint8_t>& room) {
  auto sack = read_sack(chunk);
  if (!sack) return;
  std::vector<GapBlock> gaps;
  for (size_t i = 0; i < sack->gap_count(); ++i) gaps.push_back(sack->gap(i));
  auto same = read_sack(again(room, [&](PacketWriter& writer) {
    return writer.add_sack(sack->cumulative_tsn, sack->receiver_window, gaps, {});
  }));
  require(same && std::ranges::equal(same->gaps, sack->gaps));
}

void check_reconfig(const RawChunk& chunk, std::vector<uint8_t>& room) {
  auto reconfig = read_reconfig(chunk);
  if (!reconfig) return;
  auto same = read_reconfig(again(room, [&](PacketWriter& writer) { return writer.add(*reconfig); }));
  require(same && same->first.type == reconfig->first.type && same->second.has_value() == reconfig->second.has_value());
  require(std::ranges::equal(same->first.streams, reconfig->first.streams));
}

void check_forward(const RawChunk& chunk, std::vector<uint8_t>& room) {
  auto forward = read_forward_tsn(chunk);
  if (!forward) return;
  std::vector<SkippedStream> streams;
  for (size_t i = 0; i < forward->stream_count(); ++i) streams.push_back(forward->stream(i));
  auto same = read_forward_tsn(again(room, [&](PacketWriter& writer) {
    return writer.add_forward_tsn(forward->interleaved, forward->new_cumulative_tsn, streams);
  }));
  require(same && same->stream_count() == forward->stream_count());
}

void check_init(const RawChunk& chunk, std::vector<uint8_t>& room) {
  auto init = read_init(chunk);
  if (!init) return;
  auto same = read_init(again(room, [&](PacketWriter& writer) { return writer.add_init(ChunkType::init_ack, *init); }));
  require(same && same->initiate_tag == init->initiate_tag && same->i_data == init->i_data &&
          std::ranges::equal(same->cookie, init->cookie));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* input, size_t size) {
  static std::vector<uint8_t> room(1 << 18);
  Bytes bytes(input, size);
  require(crc32c(bytes) == crc32c_by_tables(bytes));
  if (auto open = read_dcep_open(bytes)) {
    std::vector<uint8_t> written = write_dcep_open(*open);
    auto same = read_dcep_open(written);
    require(same && same->label == open->label && same->protocol == open->protocol && same->limit == open->limit);
  }
  auto reader = PacketReader::open(bytes);
  if (!reader) return 0;
  (void)reader->checksum_is_right();
  while (auto chunk = reader->next()) {
    // As every kind: the type in the packet is not what a parser may rely on.
    check_init(*chunk, room);
    check_data(*chunk, room);
    check_sack(*chunk, room);
    check_reconfig(*chunk, room);
    check_forward(*chunk, room);
    (void)read_heartbeat_info(*chunk);
    (void)read_shutdown(*chunk);
    (void)read_cause(*chunk);
  }
  return 0;
}
