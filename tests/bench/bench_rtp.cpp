// rooms: wire base
// What one forwarded packet costs in reading (once) and in rewriting (once per receiver).
#include <benchmark/benchmark.h>

#include <algorithm>
#include <vector>

#include "wire/codec/video_facts.hpp"
#include "wire/rtp/rtp_parser.hpp"
#include "wire/rtp/rtp_writer.hpp"

using namespace limen;

namespace {

ExtensionMap extension_map() {
  ExtensionMap map;
  map.set(ExtensionKind::mid, 1);
  map.set(ExtensionKind::transport_cc, 2);
  map.set(ExtensionKind::abs_send_time, 3);
  map.set(ExtensionKind::video_orientation, 4);
  return map;
}

// A VP8 packet of 1,130 bytes with four extensions, as browsers send them.
std::vector<uint8_t> video_packet() {
  std::vector<uint8_t> bytes = {0x90, 0x60, 0, 1,    0, 0, 0, 0,    0, 0, 0,    9,    0xbe, 0xde, 0, 3,    0x10, '1',
                                0x21, 0,    7, 0x32, 1, 2, 3, 0x40, 0, 0, 0x90, 0xe0, 0x81, 0x02, 7, 0x20, 0x01};
  bytes.resize(1130, 0x5a);
  return bytes;
}

void parse(benchmark::State& state) {
  PacketPool pool;
  ExtensionMap map = extension_map();
  Packet packet = pool.copy(video_packet(), Instant{});
  for (auto _ : state) {
    auto parsed = parse_rtp(packet, map);
    parsed->video = parse_video_facts(Codec::vp8, parsed->payload());
    benchmark::DoNotOptimize(parsed);
  }
}
BENCHMARK(parse);

void write_header(benchmark::State& state) {
  PacketPool pool;
  ExtensionMap map = extension_map();
  RtpPacket source = *parse_rtp(pool.copy(video_packet(), Instant{}), map);
  OutgoingRtp note = OutgoingRtp::same_as(source);
  RtpSenderValues values{.ssrc = 5, .mid = "1", .transport_sequence = 0, .abs_send_time = 0};
  std::array<uint8_t, 1500> out;
  for (auto _ : state) {
    values.transport_sequence = (values.transport_sequence + 1) & 0xffff;
    benchmark::DoNotOptimize(write_rtp_header(note, values, map, out));
  }
}
BENCHMARK(write_header);

void write_whole_packet(benchmark::State& state) {
  PacketPool pool;
  ExtensionMap map = extension_map();
  RtpPacket source = *parse_rtp(pool.copy(video_packet(), Instant{}), map);
  OutgoingRtp note = OutgoingRtp::same_as(source);
  RtpSenderValues values{.ssrc = 5, .mid = "1", .transport_sequence = 0, .abs_send_time = 0};
  std::array<uint8_t, 1500> out;
  for (auto _ : state) {
    benchmark::DoNotOptimize(write_rtp(note, values, map, out));
    benchmark::ClobberMemory();
  }
}
BENCHMARK(write_whole_packet);

}  // namespace
